import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../../apiserver/startApiServer.ts';
import { type Lease, startLease } from '../../../../bridge/replicas/lease.ts';
import { defaultLeaseTuning as tuning } from '../../../../bridge/replicas/leaseTuning.ts';
import { createKubeApi } from '../../../../lib/kube/client.ts';
import { type KubeApi, leases } from '../../../../lib/kube/kubeApi.ts';
import { type LeaseView, parseLease } from '../../../../lib/kube/parseLease.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { T0 } from '../../../support/objects/builders.ts';
import { createVirtualClock, settle, type VirtualClock } from '../../../support/simulated/virtualClock.ts';

let server: EmbeddedApiServer;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  server.faults.clear();
  for (const close of closers.splice(0).reverse()) await close();
  await server.close();
});

interface Replica {
  readonly lease: Lease;
  readonly clock: VirtualClock;
  taken(): number;
  /** Lets its clocks run, and every attempt end in between. */
  run(ms: number): Promise<void>;
  /** Its wall clock is set, forward or back; no time passes. */
  setWallClock(byMs: number): void;
  /**
   * A virtual machine is paused: its monotonic clock stands still and its wall clock is put right
   * afterwards.
   */
  pause(ms: number): void;
}

/** Each with clocks of its own, years apart: no replica may compare them. */
async function aReplica(identity: string, { scope = '*', namespace = 'default' } = {}): Promise<Replica> {
  const clock = createVirtualClock(T0 - closers.length * 365 * 86_400_000);
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const { api, idle } = countCalls(createKubeApi(access, { metrics: createMetrics() }));
  let wallOffsetMs = 0;
  let monotonicOffsetMs = 0;
  let taken = 0;
  const lease = startLease({
    api,
    namespace,
    name: 'zen-lead-bridge',
    identity,
    scope,
    clock: { ...clock, now: () => clock.now() + wallOffsetMs },
    monotonicNow: () => clock.now() + monotonicOffsetMs,
    random: () => 0,
    tuning,
    log: silentLogger,
    onHeld: (wasHeld) => {
      if (!wasHeld) taken += 1;
    },
  });
  closers.push(
    () => api.close(),
    () => lease.close(),
  );
  await idle();
  return {
    lease,
    clock,
    taken: () => taken,
    async run(ms) {
      for (let left = ms; left > 0; left -= 500) {
        await clock.advance(Math.min(500, left));
        await idle();
      }
    },
    setWallClock(byMs) {
      wallOffsetMs += byMs;
    },
    pause(ms) {
      clock.jump(ms);
      monotonicOffsetMs -= ms;
    },
  };
}

/** `idle` resolves when nothing is on its way to the API server. */
function countCalls(api: KubeApi): { api: KubeApi; idle: () => Promise<void> } {
  let running = 0;
  const counted =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      running += 1;
      try {
        return await call(...args);
      } finally {
        running -= 1;
      }
    };
  return {
    api: { ...api, get: counted(api.get), create: counted(api.create), mergePatch: counted(api.mergePatch) },
    async idle() {
      do {
        await settle();
        await settle();
      } while (running > 0);
    },
  };
}

const record = async (): Promise<LeaseView> => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/zen-lead-bridge';
  return parseLease(await (await fetch(`${server.url}${path}`)).json());
};

describe('a Lease that no replica has', () => {
  it('a Lease that no replica has is made by the first who wants it, with a name, a duration and times that people can read', async () => {
    const a = await aReplica('a');
    expect(a.lease.isHolder()).toBe(true);
    expect(a.taken()).toBe(1);
    expect(await record()).toMatchObject({ holder: 'a', durationMs: 10_000, transitions: 0 });
    expect((await record()).renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it('a Lease that no replica has goes to one of two that want it at once', async () => {
    const replicas = await Promise.all([aReplica('a'), aReplica('b'), aReplica('c')]);
    await Promise.all(replicas.map((each) => each.run(2_000)));
    expect(replicas.filter(({ lease }) => lease.isHolder())).toHaveLength(1);
  });

  it('a Lease that no replica has is made again after it was deleted', async () => {
    const a = await aReplica('a');
    server.objects.delete({ resource: 'leases', namespace: 'default', name: 'zen-lead-bridge' });
    await a.run(2_000);
    expect((await record()).holder).toBe('a');
    expect(a.taken()).toBe(1);
  });
});

describe('a Lease that is held', () => {
  it('a Lease that is held is left alone for as long as it is renewed, whatever the holder’s clock says', async () => {
    const a = await aReplica('a');
    const b = await aReplica('b');
    for (let minute = 0; minute < 15; minute += 1) {
      await a.run(2_000);
      await b.run(2_000);
      expect([a.lease.isHolder(), b.lease.isHolder()]).toEqual([true, false]);
    }
  });

  it('a Lease that is held is taken over when it has not changed for its duration, counted from when the waiting one first saw it so', async () => {
    const a = await aReplica('a');
    await a.run(2_000);
    const b = await aReplica('b');
    await b.run(tuning.durationMs - 500);
    expect(b.lease.isHolder()).toBe(false);
    // At once when it is free, not at the turn after that.
    await b.run(500);
    expect(b.lease.isHolder()).toBe(true);
    expect(b.taken()).toBe(1);
    expect(await record()).toMatchObject({ holder: 'b', transitions: 1 });
  });

  it('a Lease that is held is taken over by one of two that wait', async () => {
    await aReplica('a');
    const others = await Promise.all([aReplica('b'), aReplica('c')]);
    await Promise.all(others.map((each) => each.run(tuning.durationMs + 4_000)));
    expect(others.filter(({ lease }) => lease.isHolder())).toHaveLength(1);
    expect((await record()).transitions).toBe(1);
  });

  it('a Lease that is held is free at once when its holder ends', async () => {
    const a = await aReplica('a');
    const b = await aReplica('b');
    await a.lease.close();
    expect(a.lease.isHolder()).toBe(false);
    expect((await record()).holder).toBeNull();
    await b.run(2_000);
    expect(b.lease.isHolder()).toBe(true);
  });

  it('a Lease that is held is not released by one that has lost it', async () => {
    const a = await aReplica('a');
    const b = await aReplica('b');
    await b.run(tuning.durationMs + 2_000);
    a.clock.jump(60_000);
    await a.lease.close();
    expect((await record()).holder).toBe('b');
  });

  it('a Lease that is held is renewed after a renewal whose answer was lost, and not counted as a change of holders', async () => {
    const a = await aReplica('a');
    const lost = server.faults.add({
      fault: { kind: 'lostAnswer' },
      matches: ({ verb }) => verb === 'patch',
      times: 1,
    });
    await a.run(4_000);
    expect(lost.count()).toBe(1);
    expect(a.lease.isHolder()).toBe(true);
    expect(await record()).toMatchObject({ holder: 'a', transitions: 0 });
    expect(a.taken()).toBe(1);
  });
});

describe('a holder that was frozen', () => {
  it('a holder that was frozen is none from its first instant awake, before any timer has run', async () => {
    const a = await aReplica('a');
    a.clock.jump(tuning.durationMs);
    expect(a.lease.isHolder()).toBe(false);
  });

  it('a holder that was frozen stays none when another replica has taken the Lease', async () => {
    const a = await aReplica('a');
    const b = await aReplica('b');
    await b.run(tuning.durationMs + 2_000);
    a.clock.jump(tuning.durationMs + 2_000);
    expect(a.lease.isHolder()).toBe(false);
    await a.run(2_000);
    expect([a.lease.isHolder(), b.lease.isHolder()]).toEqual([false, true]);
    expect(a.taken()).toBe(1);
  });

  it('a holder that was frozen has to take everything up again when no other replica has: it was not the holder meanwhile', async () => {
    const a = await aReplica('a');
    a.clock.jump(60_000);
    expect(a.lease.isHolder()).toBe(false);
    await a.run(2_000);
    expect(a.lease.isHolder()).toBe(true);
    expect(a.taken()).toBe(2);
  });

  it('a holder that was frozen is none after its wall clock was set back an hour meanwhile: the monotonic one counts too', async () => {
    const a = await aReplica('a');
    a.clock.jump(tuning.durationMs);
    a.setWallClock(-3_600_000);
    expect(a.lease.isHolder()).toBe(false);
  });

  it('a holder that was frozen is none after its machine was paused, monotonic clock and all: the wall clock counts too', async () => {
    const a = await aReplica('a');
    a.pause(tuning.durationMs);
    expect(a.lease.isHolder()).toBe(false);
  });
});

describe('one that waits', () => {
  it('does not take what was renewed while it was frozen itself', async () => {
    const a = await aReplica('a');
    const b = await aReplica('b');
    await b.run(2_000);
    b.clock.jump(60_000);
    await a.run(2_000);
    await b.run(2_000);
    expect(b.lease.isHolder()).toBe(false);
  });

  it('does not take it sooner because its wall clock was set forward', async () => {
    await aReplica('a');
    const b = await aReplica('b');
    b.setWallClock(3_600_000);
    await b.run(4_000);
    expect(b.lease.isHolder()).toBe(false);
  });
});

describe('without an API server', () => {
  it('the holder stays it until the duration is over, and not longer', async () => {
    const a = await aReplica('a');
    server.faults.add({ fault: { kind: 'reset' }, matches: () => true });
    await a.run(tuning.durationMs - 500);
    expect(a.lease.isHolder()).toBe(true);
    await a.run(500);
    expect(a.lease.isHolder()).toBe(false);
  });

  it('the holder takes everything up again when the Lease ran out while its renewal was on the way', async () => {
    const holder = await aReplica('a');
    await holder.run(2_500);
    const failing = server.faults.add({ fault: { kind: 'reset' }, matches: ({ resource }) => resource === 'leases' });
    await holder.run(7_000);
    expect(holder.lease.isHolder()).toBe(true);
    failing.remove();
    const slow = { kind: 'latency', latencyMs: 100 } as const;
    server.faults.add({ fault: slow, matches: ({ resource }) => resource === 'leases', times: 1 });
    // Renewed at 2 s, so it runs out at 12 s. The attempt of 10 s is answered at 12.5 s.
    await holder.clock.advance(600);
    expect(holder.taken()).toBe(1);
    holder.clock.jump(2_400);
    expect(holder.lease.isHolder()).toBe(false);
    await holder.run(1);
    expect(holder.lease.isHolder()).toBe(true);
    expect(holder.taken()).toBe(2);
  });

  it('the attempts of a replica end in time for the next one where the API server only stalls', async () => {
    const a = await aReplica('a');
    const stalled = server.faults.add({ fault: { kind: 'stall' }, matches: () => true });
    await a.clock.advance(tuning.periodMs);
    await a.clock.advance(tuning.attemptTimeoutMs);
    stalled.remove();
    await a.run(tuning.periodMs);
    expect(a.lease.isHolder()).toBe(true);
    expect(a.taken()).toBe(1);
  });
});

describe('a Lease that cannot be read', () => {
  it('a replica without a right to the Lease sends, because a second sender is harmless and none is not', async () => {
    const denied = server.faults.add({ fault: { kind: 'status', code: 403 }, matches: () => true });
    const a = await aReplica('a');
    expect(a.lease.isHolder()).toBe(true);
    expect(a.taken()).toBe(1);
    // The right is granted: it is one of several again.
    denied.remove();
    await aReplica('b');
    await a.run(2_000);
    expect(a.lease.isHolder()).toBe(false);
  });

  it('a replica sends where the namespace of the Lease does not exist', async () => {
    const a = await aReplica('a', { namespace: 'nowhere' });
    expect(a.lease.isHolder()).toBe(true);
  });

  it('a replica sends where one that watches other namespaces holds the Lease: no other replica sends for ours', async () => {
    const a = await aReplica('a', { scope: 'bank' });
    const b = await aReplica('b', { scope: 'shop' });
    expect([a.lease.isHolder(), b.lease.isHolder()]).toEqual([true, true]);
  });
});

it('never writes without the version that it has seen', async () => {
  const a = await aReplica('a');
  await a.run(4_000);
  const api = createKubeApi(
    { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) },
    { metrics: createMetrics() },
  );
  closers.push(() => api.close());
  // Somebody else's write in between: the renewal conflicts, is read afresh, and is still ours.
  await api.mergePatch(
    leases,
    'default',
    'zen-lead-bridge',
    { metadata: { labels: { a: 'b' } } },
    AbortSignal.timeout(1_000),
  );
  const conflicts: string[] = [];
  server.faults.add({
    fault: { kind: 'latency', latencyMs: 0 },
    matches: ({ verb, resource }) => {
      conflicts.push(`${verb} ${resource}`);
      return false;
    },
  });
  await a.run(2_000);
  expect(conflicts).toEqual(['patch leases', 'get leases', 'patch leases']);
  expect(a.lease.isHolder()).toBe(true);
});
