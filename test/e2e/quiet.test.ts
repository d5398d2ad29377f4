/**
 * Tests that zen-lead writes nothing while nothing that matters changes, whatever the Service is.
 * docs/guarantees.md. The audit log of a real API server also counts writes that were refused or
 * changed nothing.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { readAuditedWrites } from '../support/controlPlane/readAuditedWrites.ts';
import { type Pod, type PodOptions, startPod } from '../support/controlPlane/startPod.ts';
import { aService, type ServiceOptions } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead({ audit: true });
/** The resync reconciles everything every 30 s. */
const overAResyncMs = 35_000;
/** Five times what an announcement and its retry wait. */
const settleMs = 3_000;
/** A kube-controller-manager that has just started goes over everything for a while. */
const settleTimeoutMs = 60_000;

interface Shape {
  readonly service?: ServiceOptions;
  readonly pods?: Partial<PodOptions>;
  /** Objects that are not ours, made beforehand. */
  readonly beside?: readonly object[];
  /** Runs once everything stands. */
  afterwards?(namespace: Namespace, pods: readonly Pod[]): Promise<unknown>;
}

const slice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
};
const notReady = (_: Namespace, pods: readonly Pod[]) => Promise.all(pods.map((pod) => pod.setReady(false)));

/** Every shape of a Service that might make zen-lead write for ever. */
const shapes: Readonly<Record<string, Shape>> = {
  plain: {},
  'dual-stack': { service: { spec: { ipFamilyPolicy: 'RequireDualStack' } } },
  'one family missing': { service: { spec: { ipFamilyPolicy: 'RequireDualStack' } }, pods: { families: ['IPv4'] } },
  'IPv6 first': { service: { spec: { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' } } },
  followers: { service: { annotations: { followers: 'true' } } },
  'node port': { service: { annotations: { 'leader-service-type': 'NodePort' }, spec: { type: 'NodePort' } } },
  'load balancer': {
    service: { annotations: { 'leader-service-type': 'LoadBalancer' }, spec: { type: 'LoadBalancer' } },
  },
  headless: { service: { spec: { clusterIP: 'None' } } },
  'headless without ports': { service: { spec: { clusterIP: 'None', ports: [] } } },
  'external name': {
    service: { spec: { type: 'ExternalName', externalName: 'example.com', selector: undefined, ports: undefined } },
  },
  'without selector': { service: { spec: { selector: undefined } } },
  'many ports': {
    service: {
      spec: {
        ports: [
          { name: 'web', port: 80, targetPort: 'http', appProtocol: 'kubernetes.io/h2c' },
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      },
    },
    pods: { ports: [{ name: 'http', containerPort: 8080 }] },
  },
  'port missing': { service: { spec: { ports: [{ port: 80, targetPort: 'http' }] } } },
  'port left out': {
    service: { annotations: { 'ports-mode': 'lenient' }, spec: { ports: [{ port: 80, targetPort: 'http' }] } },
  },
  'no pod ready': { pods: { ready: false } },
  'no pod ready any more': { afterwards: notReady },
  'no pods': { service: { spec: { selector: { app: 'nothing' } } } },
  hold: { service: { annotations: { 'no-leader': 'hold' } }, afterwards: notReady },
  paused: { service: { annotations: { paused: 'true' } } },
  garbage: { service: { annotations: { strategy: 'youngest', paused: 'perhaps', 'pin-leader': 'web-9' } } },
  'misspelt opt-in': { service: { annotations: { enabled: 'ture' } } },
  'name taken': { service: { annotations: { 'leader-service-name': 'web' } } },
  'slice name taken': { beside: [{ ...slice, metadata: { name: 'web-leader-ipv4' } }] },
  'slice hung on': {
    beside: [{ ...slice, metadata: { name: 'extra', labels: { 'kubernetes.io/service-name': 'web-leader' } } }],
  },
  'endpoints by hand': {
    beside: [
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'web-leader' },
        subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 1 }] }],
      },
    ],
  },
  'our labels removed': {
    afterwards: (namespace) => namespace.kubectl('label', 'service', 'web-leader', 'app.kubernetes.io/managed-by-'),
  },
};

test('writes nothing over a resync and a while of noise on pods and nodes, whatever the Service is', async () => {
  const all: Pod[] = [];
  for (const { service, pods = {}, beside = [], afterwards } of Object.values(shapes)) {
    const namespace = await world.namespace();
    const own = [
      await startPod(namespace, { ...pods, name: 'web-0' }),
      await startPod(namespace, { ...pods, name: 'web-1' }),
    ];
    all.push(...own);
    await namespace.apply(...beside, aService(service));
    if (afterwards === undefined) continue;
    await expect.poll(() => namespace.kubectl('get', 'endpointslice', 'web-leader-ipv4')).toBeTruthy();
    await afterwards(namespace, own);
  }
  await untilQuiet();
  const before = readWrites();

  const endAt = Date.now() + overAResyncMs;
  while (Date.now() < endAt) {
    await Promise.all(all.map(makeNoise));
    await sleep(1_000);
  }
  expect(readWrites().slice(before.length)).toEqual([]);
});

/**
 * Returns texts such as `patch services story-3/web-leader`, in order: what zen-lead wrote, without
 * the renewals of its Lease.
 */
function readWrites(): readonly string[] {
  const writes = readAuditedWrites(world.controlPlane(), 'zen-lead').filter(({ resource }) => resource !== 'leases');
  return writes.map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${describe(namespace)}/${name}`);
}

/** Returns the shape that a namespace was made for. */
function describe(namespace: string | undefined): string | undefined {
  return Object.keys(shapes)[Number(namespace?.replace('story-', '')) - 1] ?? namespace;
}

async function untilQuiet(): Promise<void> {
  const deadlineAt = Date.now() + settleTimeoutMs;
  for (let count = -1; count !== readWrites().length; await sleep(settleMs)) {
    if (Date.now() > deadlineAt) throw new Error(`it goes on writing: ${readWrites().slice(-10).join(', ')}`);
    count = readWrites().length;
  }
}

/** Makes writes that do not change who can lead, as probes and metrics agents do. */
async function makeNoise({ annotate }: Pod): Promise<void> {
  const seenAt = String(Date.now());
  await annotate({ 'example.com/seen-at': seenAt });
  await world.controlPlane().request('PATCH', '/api/v1/nodes/node-a/status', {
    status: { images: [{ names: [seenAt] }] },
  });
}
