/**
 * Tests nodes through a whole zen-lead on the embedded API: from the Lease that is renewed no more,
 * and from the cordon, to the route.
 */

import { afterEach, expect, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { aPodManifest, aPodStatus } from '../../support/objects/aPodManifest.ts';

/** For a busy machine. A story that passes does not wait for it. */
const PATIENCE_MS = 60_000;
/** Silence takes 5 s, and is noticed a second later. */
const RENEW_MS = 500;
const nodeNames = ['node-0', 'node-1', 'node-2'];

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Bench {
  readonly server: EmbeddedApiServer;
  readonly metrics: Metrics;
  stopKubelet(node: string): void;
  /** Of the kubelet on node-0. */
  renewals(): number;
  untilLeads(pod: string): Promise<void>;
  reason(): string | undefined;
}

/** db-0 leads on node-0, db-1 and db-2 are on node-1 and node-2. */
async function start(annotations: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const server = await startApiServer();
  closers.push(() => server.close());
  const { objects } = server;
  objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-node-lease' } });
  for (const [index, node] of nodeNames.entries()) {
    const name = `db-${index}`;
    objects.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } });
    const pod = aPodManifest({ name, namespace: 'default', labels: { app: 'db' } });
    objects.create({ ...pod, spec: { ...(pod as { spec?: object }).spec, nodeName: node } });
    const status = aPodStatus({ ready: true, ips: [`10.0.0.${index + 1}`] });
    objects.patchStatus({ resource: 'pods', namespace: 'default', name }, { status });
  }
  objects.create({
    ...{ apiVersion: 'v1', kind: 'Service' },
    metadata: { name: 'db', namespace: 'default', annotations: { 'zen-lead.io/enabled': 'true', ...annotations } },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  });
  const kubelets = new Map(nodeNames.map((node) => [node, startKubelet(server, node)]));

  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  closers.push(() => api.close());
  const zenLead = startZenLead({
    ...{ api, clusterName: 'test', namespaces: [], metrics, log: silentLogger },
    nodes: {},
  });
  closers.push(() => zenLead.close());

  const readSlice = () =>
    objects.read({ resource: 'endpointslices', namespace: 'default', name: 'db-leader-ipv4' }) as
      | { metadata: { annotations?: Record<string, string> }; endpoints?: readonly { targetRef?: { name?: string } }[] }
      | undefined;
  return {
    server,
    metrics,
    stopKubelet: (node) => clearInterval(kubelets.get(node)),
    renewals() {
      const lease = objects.read({ resource: 'leases', namespace: 'kube-node-lease', name: 'node-0' });
      return (lease as { spec?: { leaseTransitions?: number } } | undefined)?.spec?.leaseTransitions ?? 0;
    },
    async untilLeads(pod) {
      const leader = (): string | undefined => readSlice()?.endpoints?.[0]?.targetRef?.name;
      await expect.poll(leader, { timeout: PATIENCE_MS, interval: 20 }).toBe(pod);
    },
    reason: () => readSlice()?.metadata.annotations?.['zen-lead.io/reason'],
  };
}

function startKubelet({ objects }: EmbeddedApiServer, name: string): NodeJS.Timeout {
  const lease = { resource: 'leases', namespace: 'kube-node-lease', name };
  objects.create({
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
    metadata: { name, namespace: 'kube-node-lease' },
    spec: { holderIdentity: name },
  });
  let renewals = 0;
  const timer = setInterval(() => objects.patch(lease, { spec: { leaseTransitions: renewals++ } }), RENEW_MS);
  closers.push(() => clearInterval(timer));
  return timer;
}

const untilKnown = ({ metrics }: Bench): Promise<void> =>
  expect
    .poll(async () => /zen_lead_nodes\{state="alive"\} 3/.test(await metrics.registry.metrics()), {
      timeout: PATIENCE_MS,
    })
    .toBe(true);

it('a leader is left when the Lease of its node is renewed no more', { timeout: 2 * PATIENCE_MS }, async () => {
  const bench = await start();
  await bench.untilLeads('db-0');
  await untilKnown(bench);
  // Three gaps are needed.
  const known = bench.renewals();
  await expect.poll(bench.renewals, { timeout: PATIENCE_MS }).toBeGreaterThan(known + 5);
  bench.stopKubelet('node-0');
  await bench.untilLeads('db-1');
  expect(bench.reason()).toBe('LeaderNodeSilent');
});

it('a leader leaves a cordoned node with on-cordon: move, and goes to none', { timeout: 2 * PATIENCE_MS }, async () => {
  const bench = await start({ 'zen-lead.io/on-cordon': 'move' });
  await bench.untilLeads('db-0');
  const cordon = (name: string) =>
    bench.server.objects.patch({ resource: 'nodes', name }, { spec: { unschedulable: true } });
  cordon('node-1');
  cordon('node-0');
  await bench.untilLeads('db-2');
  expect(bench.reason()).toBe('LeaderNodeCordoned');
});
