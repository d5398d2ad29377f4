/**
 * Tests the role checks of a whole zen-lead on the embedded API. Real probes go over real sockets
 * to servers that stand behind the addresses of pods.
 */

import { afterEach, expect, it } from 'vitest';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aPodManifest, aPodStatus } from '../../support/objects/aPodManifest.ts';
import { createCheckedPods } from '../../support/servers/checkedPods.ts';

/** For a busy machine. A story that passes does not wait for it. */
const PATIENCE_MS = 30_000;
const PRIMARY = 200;
const REPLICA = 503;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const annotations = {
  'zen-lead.io/enabled': 'true',
  'zen-lead.io/role-check': 'http://:8008/primary',
  'zen-lead.io/health-check-interval': '100ms',
  'zen-lead.io/health-check-timeout': '1s',
};

/** db-0 to db-2, of which the last is the primary, and leads. */
async function start() {
  const server = await startApiServer();
  closers.push(() => server.close());
  const pods = createCheckedPods();
  closers.push(() => pods.close());
  const { objects } = server;
  for (const number of [0, 1, 2]) {
    const name = `db-${number}`;
    const ip = `10.0.0.${number + 1}`;
    await pods.start(ip, number === 2 ? PRIMARY : REPLICA);
    objects.create(aPodManifest({ name, namespace: 'default', labels: { app: 'db' } }));
    const pod = { resource: 'pods', namespace: 'default', name };
    objects.patchStatus(pod, { status: aPodStatus({ ready: true, ips: [ip] }) });
  }
  const metadata = { name: 'db', namespace: 'default', annotations };
  objects.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: 'db' }, ports: [{ port: 1 }] },
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

  function leader(): string | undefined {
    const found = objects.read({ resource: 'endpointslices', namespace: 'default', name: 'db-leader-ipv4' });
    return (found as { endpoints?: readonly { targetRef?: { name?: string } }[] })?.endpoints?.[0]?.targetRef?.name;
  }
  const untilLeads = (pod: string | undefined): Promise<void> =>
    expect.poll(leader, { timeout: PATIENCE_MS, interval: 5 }).toBe(pod);
  await untilLeads('db-2');
  return {
    untilLeads,
    leader,
    say(...statuses: readonly number[]) {
      for (const [number, status] of statuses.entries()) pods.answer(`10.0.0.${number + 1}`, status);
    },
    reasons: () => objects.list('events', 'default').map((event) => String('reason' in event ? event['reason'] : '')),
  };
}

it('zen-lead follows the primary of an application, from none to the next one', async () => {
  const { say, untilLeads, reasons } = await start();
  say(REPLICA, REPLICA, REPLICA);
  await untilLeads(undefined);
  await expect.poll(reasons, { timeout: PATIENCE_MS }).toContain('NoPrimary');
  say(REPLICA, PRIMARY, REPLICA);
  await untilLeads('db-1');
});

it('zen-lead names two primaries, and leaves the one that leads when it steps down', async () => {
  const { say, untilLeads, leader, reasons } = await start();
  say(PRIMARY, REPLICA, PRIMARY);
  await expect.poll(reasons, { timeout: PATIENCE_MS }).toContain('TwoPrimaries');
  expect(leader()).toBe('db-2');
  say(PRIMARY, REPLICA, REPLICA);
  await untilLeads('db-0');
});
