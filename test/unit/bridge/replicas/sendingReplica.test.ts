import { expect, it } from 'vitest';
import { startApiServer } from '../../../../apiserver/startApiServer.ts';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { createSendingReplica } from '../../../../bridge/replicas/sendingReplica.ts';
import { createKubeApi } from '../../../../lib/kube/client.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';
import { until } from '../../../support/simulated/watchedWorld.ts';

async function aReplica(settings: { namespace: string; name: string; identity: string } | undefined) {
  const server = await startApiServer();
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const virtual = createVirtualClock();
  let wallOffsetMs = 0;
  const clock = { ...virtual, now: () => virtual.now() + wallOffsetMs };
  const acts: string[] = [];
  const replica = createSendingReplica<LeaderConcern>({
    lease: settings === undefined ? undefined : { ...settings, monotonicNow: virtual.now },
    api,
    namespaces: [],
    clock,
    random: () => 1,
    metrics,
    log: silentLogger,
    wish: () => ({ wantsChange: true, nextAt: 5 }),
    isProgress: () => true,
    recheckAt: ({ name }, at) => acts.push(`recheck ${name} at ${at}`),
    send: ({ name }) => acts.push(`send ${name}`),
    reconcileEverything: () => acts.push('reconcile everything'),
  });
  const close = async () => {
    await replica.close();
    await api.close();
    await server.close();
  };
  const setWallClock = (byMs: number): void => {
    wallOffsetMs = byMs;
  };
  const leaseVersion = () => {
    const { namespace, name } = lease;
    return JSON.stringify(server.objects.read({ resource: 'leases', namespace, name })?.['metadata']);
  };
  return { replica, clock, acts, setWallClock, leaseVersion, close };
}

const lease = { namespace: 'default', name: 'zen-lead-bridge', identity: 'a' };

it('sends everything where it is alone', async () => {
  const { replica, acts, close } = await aReplica(undefined);
  expect([replica.isFirst(), replica.sends(aConcern('a'))]).toEqual([true, true]);
  expect(acts).toEqual([]);
  await close();
});

it('asked whether it sends, does nothing: no timer, no recheck, no hint', async () => {
  const { replica, clock, acts, close } = await aReplica(lease);
  expect(replica.sends(aConcern('a', 'failover'))).toBe(false);
  expect(clock.pending()).toBe(0);
  await clock.advance(60_000);
  expect(acts).toEqual([]);
  await close();
});

it('hints at what it left to others when nothing comes of it', async () => {
  const { replica, clock, acts, close } = await aReplica(lease);
  replica.leave(aConcern('a', 'failover'));
  expect(acts).toEqual(['recheck a at 5']);
  await clock.advance(200);
  expect(acts).toEqual(['recheck a at 5', 'send a']);
  expect(replica.sends(aConcern('a', 'failover'))).toBe(true);
  await close();
});

it('reconciles everything when it holds the Lease first, and again when it left something meanwhile', async () => {
  const { replica, clock, acts, setWallClock, leaseVersion, close } = await aReplica(lease);
  const reconciled = () => acts.filter((act) => act === 'reconcile everything').length;
  const renew = async () => {
    const before = leaseVersion();
    await clock.advance(3_000);
    await until(() => leaseVersion() !== before);
    // Its answer is on the way to the replica.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  replica.start();
  await until(() => reconciled() === 1);
  await renew();
  await renew();
  expect(reconciled()).toBe(1);
  setWallClock(3_600_000);
  expect(replica.sends(aConcern('a', 'failover'))).toBe(false);
  replica.leave(aConcern('a', 'failover'));
  setWallClock(0);
  expect(replica.isFirst()).toBe(true);
  await clock.advance(3_000);
  await until(() => reconciled() === 2);
  await close();
});
