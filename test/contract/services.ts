/**
 * Tests Services with their ports, ClusterIPs, families and node ports: what is filled in, what is
 * refused, what may change.
 */

import { describe, expect, it } from 'vitest';
import { aService, paths, refusal, valueAt } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const ipv4 = expect.stringMatching(/^10\.96\.\d+\.\d+$/);
const ipv6 = expect.stringMatching(/^fd00:10:96::/);
const http = (fields: object = {}) => ({ name: 'http', port: 80, ...fields });

export function describeServices(target: () => Target): void {
  describe('Services', () => {
    const at = paths(useNamespace(target, 'contract-services'));

    it('fills in the defaults of a Service', async () => {
      const { body } = await target().ask('POST', at.services, aService('plain', { selector: { app: 'x' } }));
      expect(body).toMatchObject({
        kind: 'Service',
        apiVersion: 'v1',
        spec: {
          type: 'ClusterIP',
          selector: { app: 'x' },
          ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
          clusterIP: ipv4,
          clusterIPs: [ipv4],
          ipFamilies: ['IPv4'],
          ipFamilyPolicy: 'SingleStack',
          sessionAffinity: 'None',
          internalTrafficPolicy: 'Cluster',
        },
        status: { loadBalancer: {} },
      });
    });

    it.each([
      [
        'two families, IPv4 first',
        { ipFamilyPolicy: 'PreferDualStack' },
        { clusterIP: ipv4, clusterIPs: [ipv4, ipv6], ipFamilies: ['IPv4', 'IPv6'] },
      ],
      [
        'two families, IPv6 first',
        { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] },
        { clusterIP: ipv6, clusterIPs: [ipv6, ipv4], ipFamilies: ['IPv6', 'IPv4'] },
      ],
      [
        'IPv6 alone',
        { ipFamilies: ['IPv6'] },
        { clusterIP: ipv6, clusterIPs: [ipv6], ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' },
      ],
      [
        'headless with a selector',
        { clusterIP: 'None', selector: { a: 'b' } },
        { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
      ],
      [
        'headless without selector or ports',
        { clusterIP: 'None', ports: [] },
        { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
      ],
      [
        'a node port',
        { type: 'NodePort' },
        { ports: [{ nodePort: expect.any(Number) }], externalTrafficPolicy: 'Cluster', clusterIP: ipv4 },
      ],
      [
        'a load balancer',
        { type: 'LoadBalancer' },
        {
          ports: [{ nodePort: expect.any(Number) }],
          allocateLoadBalancerNodePorts: true,
          externalTrafficPolicy: 'Cluster',
        },
      ],
    ])('creates a Service with %s', async (title, spec, expected) => {
      const name = `made-${title.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
      const answer = await target().ask('POST', at.services, aService(name, spec));
      expect(answer).toMatchObject({ status: 201, body: { spec: expected } });
    });

    it('gives no address to an ExternalName', async () => {
      const spec = { type: 'ExternalName', externalName: 'x.example.com', ports: [] };
      const answer = await target().ask('POST', at.services, aService('outside', spec));
      expect(answer.body).toHaveProperty('spec', {
        type: 'ExternalName',
        externalName: 'x.example.com',
        sessionAffinity: 'None',
      });
    });

    it.each([
      ['no port', { ports: [] }, 'spec.ports: Required value'],
      [
        'two ports without names',
        { ports: [{ port: 80 }, { port: 81 }] },
        '[spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
      ],
      ['two ports of one name', { ports: [http(), http({ port: 81 })] }, 'spec.ports[1].name: Duplicate value: "http"'],
      [
        'two names for one port',
        { ports: [http(), http({ name: 'again' })] },
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
      [
        'a port number that is none',
        { ports: [http({ port: 70_000, targetPort: 80 })] },
        'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
      [
        'two families as single-stack',
        { ipFamilies: ['IPv4', 'IPv6'] },
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      ],
      [
        'an unknown family',
        { ipFamilies: ['IPv7'] },
        'spec.ipFamilies[0]: Unsupported value: "IPv7": supported values: "IPv4", "IPv6"',
      ],
      ['an ExternalName without name', { type: 'ExternalName', ports: [] }, 'spec.externalName: Required value'],
      [
        'a node port on a ClusterIP',
        { ports: [http({ nodePort: 30_081 })] },
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      ],
      [
        'a node port out of range',
        { type: 'NodePort', ports: [http({ nodePort: 80 })] },
        'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
      [
        'a headless load balancer',
        { type: 'LoadBalancer', clusterIP: 'None' },
        'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for LoadBalancer services',
      ],
      [
        'an external traffic policy on a ClusterIP',
        { externalTrafficPolicy: 'Local' },
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      ],
      [
        'a ClusterIP that is none',
        { clusterIP: 'x' },
        'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
      [
        'a ClusterIP out of range',
        { clusterIP: '10.1.2.3' },
        'spec.clusterIPs: Invalid value: ["10.1.2.3"]: failed to allocate IP 10.1.2.3: the provided network does not match the current range',
      ],
    ])('refuses %s', async (_, spec, problem) => {
      const answer = await target().ask('POST', at.services, aService('refused', spec));
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', `Service "refused" is invalid: ${problem}`));
    });

    it('gives a node port and a ClusterIP to one Service only, and frees them with it', async () => {
      const { ask } = target();
      const ports = [http({ nodePort: 30_555 })];
      const first = aService('holder', { type: 'NodePort', ports, clusterIP: '10.96.200.1' });
      await ask('POST', at.services, first);
      expect((await ask('POST', at.services, aService('rival', { type: 'NodePort', ports }))).body).toMatchObject(
        refusal(422, 'Invalid', /spec.ports\[0\].nodePort: Invalid value: 30555: provided port is already allocated/),
      );
      expect((await ask('POST', at.services, aService('rival', { clusterIP: '10.96.200.1' }))).body).toMatchObject(
        refusal(422, 'Invalid', /failed to allocate IP 10.96.200.1: provided IP is already allocated/),
      );
      await ask('DELETE', `${at.services}/holder`);
      const heir = { type: 'NodePort', ports, clusterIP: '10.96.200.1' };
      expect(await ask('POST', at.services, aService('heir', heir))).toMatchObject({ status: 201 });
    });

    it('changes neither the ClusterIP nor the primary family of a Service, and does not make it headless', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('fixed'));
      for (const [spec, message] of [
        [{ clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7'] }, /spec.clusterIPs\[0\]: .*: may not change once set/],
        [{ clusterIP: 'None', clusterIPs: ['None'] }, /spec.clusterIPs\[0\]: .*: may not change once set/],
        [{ ipFamilies: ['IPv6'] }, /expected an IPv6 value as indicated by `ipFamilies\[0\]`/],
      ] as const) {
        const answer = await ask('PATCH', `${at.services}/fixed`, { spec }, mergePatch);
        expect(answer.body).toMatchObject(refusal(422, 'Invalid', message));
      }
    });

    it('adds a second family to a Service and removes it again', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('grows'));
      const policy = (ipFamilyPolicy: string) =>
        ask('PATCH', `${at.services}/grows`, { spec: { ipFamilyPolicy } }, mergePatch);
      expect((await policy('PreferDualStack')).body).toMatchObject({
        spec: { ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [ipv4, ipv6] },
      });
      expect((await policy('SingleStack')).body).toMatchObject({ spec: { ipFamilies: ['IPv4'], clusterIPs: [ipv4] } });
    });

    it('sets both families and the policy in one patch', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('both'));
      const spec = { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] };
      const grown = await ask('PATCH', `${at.services}/both`, { spec }, mergePatch);
      expect(grown).toMatchObject({ status: 200, body: { spec: { clusterIPs: [ipv4, ipv6] } } });
      const back = { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] };
      const shrunk = await ask('PATCH', `${at.services}/both`, { spec: back }, mergePatch);
      expect(shrunk).toMatchObject({ status: 200, body: { spec: { clusterIPs: [ipv4], ipFamilies: ['IPv4'] } } });
    });

    it('removes a second family only together with the policy', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('holds', { ipFamilyPolicy: 'PreferDualStack' }));
      const answer = await ask('PATCH', `${at.services}/holds`, { spec: { ipFamilies: ['IPv4'] } }, mergePatch);
      expect(answer.body).toMatchObject(
        refusal(422, 'Invalid', /spec.ipFamilyPolicy: .*: must be 'SingleStack' to release the secondary IP family$/),
      );
    });

    it('lets a headless Service change its primary family', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('turns', { clusterIP: 'None', selector: { a: 'b' } }));
      const answer = await ask('PATCH', `${at.services}/turns`, { spec: { ipFamilies: ['IPv6'] } }, mergePatch);
      expect(answer).toMatchObject({ status: 200, body: { spec: { clusterIPs: ['None'], ipFamilies: ['IPv6'] } } });
    });

    it('keeps addresses, families and policy that a patch removes', async () => {
      const { ask } = target();
      const { body } = await ask('POST', at.services, aService('keeps', { ipFamilyPolicy: 'PreferDualStack' }));
      const spec = { clusterIP: null, clusterIPs: null, ipFamilies: null, ipFamilyPolicy: null };
      const patched = await ask('PATCH', `${at.services}/keeps`, { spec }, mergePatch);
      expect(valueAt(patched.body, 'spec')).toEqual(valueAt(body, 'spec'));
    });

    it('fills in how long a client sticks', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('sticks'));
      const change = (sessionAffinity: string) =>
        ask('PATCH', `${at.services}/sticks`, { spec: { sessionAffinity } }, mergePatch);
      expect((await change('ClientIP')).body).toMatchObject({
        spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } },
      });
      expect((await change('None')).body).not.toHaveProperty('spec.sessionAffinityConfig');
    });

    it('changes the type of a Service', async () => {
      const { ask } = target();
      const created = await ask('POST', at.services, aService('type'));
      const change = (spec: object) => ask('PATCH', `${at.services}/type`, { spec }, mergePatch);
      expect((await change({ type: 'NodePort' })).body).toMatchObject({
        spec: { ports: [{ nodePort: expect.any(Number) }] },
      });
      const back = await change({ type: 'ClusterIP' });
      expect(valueAt(back.body, 'spec')).toEqual(valueAt(created.body, 'spec'));
      expect((await change({ type: 'ExternalName', externalName: 'x.y' })).body).not.toHaveProperty('spec.clusterIP');
      expect((await change({ type: 'ClusterIP', externalName: null })).body).toMatchObject({
        spec: { clusterIP: ipv4 },
      });
    });

    it("writes a load balancer's addresses through /status, and nothing else there", async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('balanced', { type: 'LoadBalancer' }));
      const patch = { spec: { selector: { a: 'b' } }, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
      expect(await ask('PATCH', `${at.services}/balanced/status`, patch, mergePatch)).toMatchObject({
        status: 200,
        body: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } } },
      });
      expect((await ask('GET', `${at.services}/balanced`)).body).not.toHaveProperty('spec.selector');
      const main = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } } };
      expect((await ask('PATCH', `${at.services}/balanced`, main, mergePatch)).body).toMatchObject({
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      });
    });

    it('drops the selector when a patch sets it to null, and keeps everything else', async () => {
      const { ask } = target();
      const { body } = await ask('POST', at.services, aService('selected', { selector: { app: 'x' } }));
      const patched = await ask('PATCH', `${at.services}/selected`, { spec: { selector: null } }, mergePatch);
      expect(patched.body).not.toHaveProperty('spec.selector');
      const back = await ask('PATCH', `${at.services}/selected`, { spec: { selector: { app: 'x' } } }, mergePatch);
      expect(valueAt(back.body, 'spec')).toEqual(valueAt(body, 'spec'));
    });

    it('refuses to remove the last port', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('ported'));
      const answer = await ask('PATCH', `${at.services}/ported`, { spec: { ports: null } }, mergePatch);
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', /spec.ports: Required value/));
    });
  });
}
