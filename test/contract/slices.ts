/**
 * Tests the contract of EndpointSlices, which zen-lead writes.
 */

import { describe, expect, it } from 'vitest';
import { aSlice, metadataOf, paths, refusal } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const endpoint = (...addresses: readonly string[]) => ({ endpoints: [{ addresses }] });
const ips = (count: number) => Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}`);

export function describeSlices(target: () => Target): void {
  describe('EndpointSlices', () => {
    const at = paths(useNamespace(target, 'contract-slices'));

    it('fills in the defaults of a slice', async () => {
      const slice = aSlice('filled', { ports: [{ port: 80 }] });
      expect((await target().ask('POST', at.slices, slice)).body).toMatchObject({
        kind: 'EndpointSlice',
        apiVersion: 'discovery.k8s.io/v1',
        metadata: { generation: 1 },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'], conditions: {} }],
        ports: [{ name: '', protocol: 'TCP', port: 80 }],
      });
    });

    it('gives empty lists back as null', async () => {
      const { ask } = target();
      const created = await ask('POST', at.slices, aSlice('empty', { endpoints: [], ports: [] }));
      expect(created).toMatchObject({ status: 201, body: { endpoints: null, ports: null } });
      await ask('POST', at.slices, aSlice('emptied'));
      const emptied = await ask('PATCH', `${at.slices}/emptied`, { endpoints: [] }, mergePatch);
      expect(emptied).toMatchObject({ status: 200, body: { endpoints: null, ports: [{ port: 80 }] } });
    });

    it('keeps conditions that are false, and everything else of an endpoint', async () => {
      const endpoints = [
        {
          addresses: ['10.0.0.1'],
          conditions: { ready: false, serving: false, terminating: true },
          nodeName: 'n1',
          zone: 'z1',
          targetRef: { kind: 'Pod', namespace: 'contract-slices', name: 'p', uid: 'u' },
        },
      ];
      const answer = await target().ask('POST', at.slices, aSlice('whole', { endpoints }));
      expect(answer.body).toMatchObject({ endpoints });
    });

    it.each([
      [
        'an endpoint without address',
        { endpoints: [{ addresses: [] }] },
        'endpoints[0].addresses: Required value: must contain at least 1 address',
      ],
      [
        'an IPv6 address in an IPv4 slice',
        endpoint('fd00::1'),
        'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
      ],
      [
        'an IPv4 address in an IPv6 slice',
        { addressType: 'IPv6', ...endpoint('10.0.0.1') },
        'endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address',
      ],
      [
        'an unknown address type',
        { addressType: 'IPvX' },
        'addressType: Unsupported value: "IPvX": supported values: "FQDN", "IPv4", "IPv6"',
      ],
      [
        'an address that is none',
        endpoint('10.0.0'),
        'endpoints[0].addresses[0]: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
      ['no address type', { addressType: '' }, 'addressType: Required value'],
      [
        'a loopback address',
        endpoint('127.0.0.1'),
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
      [
        'a link-local address',
        endpoint('169.254.1.1'),
        'endpoints[0].addresses[0]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
      [
        '101 addresses in one endpoint',
        endpoint(...ips(101)),
        'endpoints[0].addresses: Too many: 101: must have at most 100 items',
      ],
      [
        '1001 endpoints',
        { endpoints: ips(1001).map((ip) => ({ addresses: [ip] })) },
        'endpoints: Too many: 1001: must have at most 1000 items',
      ],
      [
        'two ports of one name',
        {
          ports: [
            { name: 'a', port: 1 },
            { name: 'a', port: 2 },
          ],
        },
        'ports[1].name: Duplicate value: "a"',
      ],
      [
        'an unknown protocol',
        { ports: [{ name: 'a', port: 1, protocol: 'XX' }] },
        'ports[0].protocol: Unsupported value: "XX": supported values: "SCTP", "TCP", "UDP"',
      ],
    ])('refuses %s', async (_, fields, problem) => {
      const answer = await target().ask('POST', at.slices, aSlice('refused', fields));
      expect(answer.body).toMatchObject({
        ...refusal(422, 'Invalid', `EndpointSlice.discovery.k8s.io "refused" is invalid: ${problem}`),
        details: { name: 'refused', group: 'discovery.k8s.io', kind: 'EndpointSlice' },
      });
    });

    it('refuses an application protocol that is not a qualified name', async () => {
      const ports = [{ name: 'a', port: 1, appProtocol: 'a b' }];
      expect((await target().ask('POST', at.slices, aSlice('odd', { ports }))).body).toMatchObject(
        refusal(422, 'Invalid', /ports\[0\]\.appProtocol: Invalid value: "a b": name part must consist of/),
      );
    });

    it('accepts 1000 endpoints and 100 addresses', async () => {
      const { ask } = target();
      const endpoints = ips(1000).map((ip) => ({ addresses: [ip] }));
      expect(await ask('POST', at.slices, aSlice('many', { endpoints }))).toMatchObject({ status: 201 });
      expect(await ask('POST', at.slices, aSlice('wide', endpoint(...ips(100))))).toMatchObject({ status: 201 });
    });

    it.each([
      ['empty', { endpoints: [] }],
      ['full', {}],
    ])('never changes the address type of a slice that is %s', async (name, fields) => {
      const { ask } = target();
      await ask('POST', at.slices, aSlice(`typed-${name}`, fields));
      const answer = await ask('PATCH', `${at.slices}/typed-${name}`, { addressType: 'IPv6' }, mergePatch);
      expect(answer.body).toMatchObject(
        refusal(422, 'Invalid', /addressType: Invalid value: "IPv6": field is immutable/),
      );
    });

    it('counts changes of endpoints, ports and labels as generations, and not of annotations', async () => {
      const { ask } = target();
      await ask('POST', at.slices, aSlice('counted'));
      const generation = async (patch: object) =>
        metadataOf(await ask('PATCH', `${at.slices}/counted`, patch, mergePatch)).generation;
      expect(await generation(endpoint('10.0.0.2'))).toBe(2);
      expect(await generation({ metadata: { annotations: { a: 'b' } } })).toBe(2);
      expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(3);
      expect(await generation({ ports: [{ name: 'http', port: 81 }] })).toBe(4);
    });
  });
}
