/**
 * Tests the health checks of a whole zen-lead on the embedded API. Real probes go over real sockets
 * to servers that stand behind the addresses of pods.
 */

import { afterEach, expect, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aPodManifest, aPodStatus } from '../../support/objects/aPodManifest.ts';
import { aBench } from '../../support/programs/bridgeBench.ts';
import { type CheckedPods, createCheckedPods } from '../../support/servers/checkedPods.ts';

/** For a busy machine. A story that passes does not wait for it. */
const PATIENCE_MS = 30_000;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const annotations = {
  'zen-lead.io/enabled': 'true',
  'zen-lead.io/health-check': 'http://:8080/healthz',
  'zen-lead.io/health-check-interval': '100ms',
  'zen-lead.io/health-check-timeout': '300ms',
  'zen-lead.io/health-check-failure-threshold': '2',
};

interface Bench {
  readonly server: EmbeddedApiServer;
  readonly pods: CheckedPods;
  leader(service: string): string | undefined;
  untilLeads(service: string, pod: string): Promise<void>;
  reasons(): readonly string[];
}

const addressOf = (pod: string): string => `10.0.0.${Number(pod.at(-1)) + 1}`;

async function start(service: Readonly<Record<string, string>> = annotations): Promise<Bench> {
  const server = await startApiServer();
  closers.push(() => server.close());
  const pods = createCheckedPods();
  closers.push(() => pods.close());
  const { objects } = server;
  for (const name of ['db-0', 'db-1', 'db-2']) {
    const ip = addressOf(name);
    await pods.start(ip);
    objects.create(aPodManifest({ name, namespace: 'default', labels: { app: 'db' } }));
    objects.patchStatus(
      { resource: 'pods', namespace: 'default', name },
      { status: aPodStatus({ ready: true, ips: [ip] }) },
    );
  }
  objects.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'default', annotations: service },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  });

  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  closers.push(() => api.close());
  const zenLead = startZenLead({
    ...{ api, clusterName: 'test', namespaces: [], metrics, log: silentLogger },
    checks: { probeHostNetwork: false, maxProbesPerSecond: 2_000, network: pods.network },
  });
  closers.push(() => zenLead.close());

  function readSlice(source: string) {
    const slice = objects.read({ resource: 'endpointslices', namespace: 'default', name: `${source}-leader-ipv4` });
    return slice as { endpoints?: readonly { targetRef?: { name?: string } }[] } | undefined;
  }
  const leader = (source: string): string | undefined => readSlice(source)?.endpoints?.[0]?.targetRef?.name;
  return {
    server,
    pods,
    leader,
    async untilLeads(source, pod) {
      await expect.poll(() => leader(source), { timeout: PATIENCE_MS, interval: 5 }).toBe(pod);
    },
    reasons: () => objects.list('events', 'default').map((event) => String('reason' in event ? event['reason'] : '')),
  };
}

const untilAsked = (pods: CheckedPods, pod: string, times: number): Promise<void> =>
  expect.poll(() => pods.asked(addressOf(pod)), { timeout: PATIENCE_MS, interval: 5 }).toBeGreaterThanOrEqual(times);

it('zen-lead leaves a leader that hangs while its kubelet still says Ready', async () => {
  const { pods, untilLeads, reasons } = await start();
  await untilLeads('db', 'db-0');
  await untilAsked(pods, 'db-0', 2);
  pods.hang(addressOf('db-0'));
  await untilLeads('db', 'db-1');
  await expect.poll(reasons, { timeout: PATIENCE_MS }).toContain('LeaderChanged');
});

it('zen-lead leaves a leader whose process was killed', async () => {
  const { pods, untilLeads } = await start();
  await untilLeads('db', 'db-0');
  await untilAsked(pods, 'db-0', 2);
  pods.kill(addressOf('db-0'));
  await untilLeads('db', 'db-1');
});

it('zen-lead keeps the leader where no pod passes, and says so', async () => {
  const { pods, leader, untilLeads, reasons } = await start();
  await untilLeads('db', 'db-0');
  // The others are asked once a second; their verdicts are older than the leader's.
  await untilAsked(pods, 'db-2', 1);
  for (const pod of ['db-0', 'db-1', 'db-2']) pods.hang(addressOf(pod));
  await expect.poll(reasons, { timeout: PATIENCE_MS }).toContain('HealthCheckFailing');
  expect(leader('db')).toBe('db-0');
  pods.kill(addressOf('db-2'));
  await pods.start(addressOf('db-2'));
  await untilLeads('db', 'db-2');
});

it('zen-lead sends the event of a change before it asks a pod', async () => {
  const { server, pods } = await start({});
  const steps: string[] = [];
  const bench = aBench({
    server,
    answer() {
      steps.push('event');
      return { status: 200 };
    },
    checks: {
      ...{ probeHostNetwork: false, maxProbesPerSecond: 2_000 },
      network: {
        ...pods.network,
        probe(...asked) {
          steps.push('probe');
          return pods.network.probe(...asked);
        },
      },
    },
  });
  await expect.poll(() => bench.bridge.readiness().ready, { timeout: PATIENCE_MS, interval: 5 }).toBe(true);
  steps.length = 0;
  const db = { resource: 'services', namespace: 'default', name: 'db' };
  server.objects.patch(db, { metadata: { annotations } });
  await expect.poll(() => steps, { timeout: PATIENCE_MS, interval: 5 }).toContain('probe');
  expect(steps[0]).toBe('event');
});

it('zen-lead asks no pod of a Service without a check', async () => {
  const { pods, untilLeads } = await start({ 'zen-lead.io/enabled': 'true' });
  await untilLeads('db', 'db-0');
  expect(['db-0', 'db-1', 'db-2'].map((pod) => pods.asked(addressOf(pod)))).toEqual([0, 0, 0]);
});
