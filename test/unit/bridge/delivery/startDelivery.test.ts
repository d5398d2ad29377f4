import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultDeliveryTuning } from '../../../../bridge/delivery/deliveryTuning.ts';
import { startDelivery } from '../../../../bridge/delivery/startDelivery.ts';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { createQueue } from '../../../../bridge/queue/queue.ts';
import { toAnswer } from '../../../../functions/answer.ts';
import { ZenLeadError } from '../../../../lib/errors.ts';
import type { ReconcileEvent } from '../../../../lib/events/reconcileEvent.ts';
import type { SinkAnswer } from '../../../../lib/events/sink.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { aReconcileEvent } from '../../../support/objects/anEvent.ts';
import { T0 } from '../../../support/objects/builders.ts';
import { aDeliveryBench, type DeliveryBench } from '../../../support/simulated/deliveryBench.ts';
import { createVirtualClock, settle } from '../../../support/simulated/virtualClock.ts';

const unavailable = new ZenLeadError('SINK_UNAVAILABLE', 'reset', { retry: 'later' });
const unreachable = new ZenLeadError('SINK_UNREACHABLE', 'refused', { retry: 'later' });

describe('sending', () => {
  it('sends a key that arrives at an idle bridge in the same tick', () => {
    const bench = aDeliveryBench();
    bench.add('a', 'failover');
    expect(bench.calls).toHaveLength(1);
  });

  it('a key has one event in flight, and one more is sent for what came meanwhile', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    bench.add('a', 'failover');
    bench.add('a', 'low');
    expect(bench.calls).toHaveLength(1);
    await bench.open('a').answer(200);
    expect(bench.calls).toHaveLength(2);
    await bench.open('a').answer(200);
    expect(bench.calls).toHaveLength(2);
  });

  it('records every attempt with its answer', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').answer(503);
    await bench.clock.advance(250);
    await bench.open('a').answer(200);
    expect(bench.records.map(({ status, sentAt }) => [status, sentAt])).toEqual([
      [503, T0],
      [200, T0 + 250],
    ]);
  });
});

describe('failures', () => {
  it('backs off from 250 ms, doubling up to 30 s', async () => {
    // 429 is about the key alone, so the circuit breaker stays closed.
    const bench = aDeliveryBench({ reply: () => 429, tuning: { maxFailures: 12 } });
    bench.add('a');
    await bench.clock.advance(250_000);
    const waits = bench.calls.slice(1, 11).map((call, n) => call.at - (bench.calls[n]?.at ?? 0));
    expect(waits.slice(0, 8)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
  });

  it('waits as long as Retry-After says, where that is longer', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').answer({ status: 429, retryAfterMs: 7_000 });
    await bench.clock.advance(6_999);
    expect(bench.calls).toHaveLength(1);
    await bench.clock.advance(1);
    expect(bench.calls).toHaveLength(2);
  });

  it('waits no longer than the longest backoff, whatever Retry-After says', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').answer({ status: 503, retryAfterMs: 86_400_000 });
    await bench.clock.advance(30_000);
    expect(bench.calls).toHaveLength(2);
  });

  it.each([401, 404, 408, 409, 429, 500, 502, 503, 504])('tries again after %i', async (status) => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').answer(status);
    await bench.clock.advance(300);
    await bench.open('a').answer(200);
    expect(bench.answered).toHaveLength(1);
    expect(bench.letters).toEqual([]);
  });

  it.each([400, 403, 413])('makes a dead letter of %i at once and never sends it again', async (status) => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').answer({ status, detail: 'why' });
    await bench.clock.advance(600_000);
    expect(bench.calls).toHaveLength(1);
    expect(bench.letters).toMatchObject([{ status, detail: 'why', reason: 'refused' }]);
  });

  it('makes a dead letter after ten failures in a row, and sends again at the next change', async () => {
    const bench = aDeliveryBench({ reply: () => 429 });
    bench.add('a');
    await bench.clock.advance(600_000);
    expect(bench.calls).toHaveLength(10);
    expect(bench.letters).toMatchObject([{ status: 429, reason: 'exhausted' }]);
    bench.add('a');
    await bench.clock.advance(5_000);
    expect(bench.calls.length).toBeGreaterThan(10);
  });

  it('counts failures in a row: a success starts again from none', async () => {
    let count = 0;
    const bench = aDeliveryBench({ reply: () => (++count % 10 === 0 ? 200 : 500) });
    for (let n = 0; n < 3; n += 1) {
      bench.add('a');
      await bench.clock.advance(300_000);
    }
    expect(bench.answered).toHaveLength(3);
    expect(bench.letters).toEqual([]);
  });
});

describe('an API server that refuses a write', () => {
  /** As a function answers it. */
  const refusal = (): SinkAnswer => {
    const { status, retryAfterMs, body } = toAnswer(new ZenLeadError('KUBE_FORBIDDEN', 'x', { retry: 'later' }));
    return { status, ...(retryAfterMs !== undefined && { retryAfterMs }), ...(body.scope && { scope: body.scope }) };
  };

  it('a write that the API server refuses once, with 403 at a failover, is tried again within a second', async () => {
    let refusals = 0;
    const bench = aDeliveryBench({ reply: () => (refusals++ === 0 ? refusal() : 200) });
    bench.add('a', 'failover');
    await bench.clock.advance(1_000);
    expect(bench.answered).toHaveLength(1);
  });

  it('does not keep a newer change of the same Service back', async () => {
    const bench = aDeliveryBench();
    bench.add('a', 'failover');
    for (let n = 0; n < 6; n += 1) {
      await bench.open('a').answer(refusal());
      await bench.clock.advance(100);
      bench.add('a', 'failover');
    }
    await bench.open('a').answer(200);
    expect(bench.calls.map(({ at }) => at - T0)).toEqual([0, 100, 200, 300, 400, 500, 600]);
    await bench.clock.advance(60_000);
    expect(bench.calls).toHaveLength(7);
  });

  it('a write that the API server refuses for ever is tried every ten seconds, and makes one dead letter', async () => {
    const bench = aDeliveryBench({ reply: refusal });
    bench.add('a', 'failover');
    for (let resyncs = 0; resyncs < 20; resyncs += 1) {
      await bench.clock.advance(30_000);
      bench.add('a', 'low');
    }
    expect(bench.calls.length / 10).toBeLessThanOrEqual(8);
    expect(bench.letters).toMatchObject([{ status: 503, reason: 'exhausted' }]);
  });

  it('a write that an exhausted quota refuses for ten minutes is tried within ten seconds of its end', async () => {
    let isExhausted = true;
    const bench = aDeliveryBench({ reply: () => (isExhausted ? refusal() : 200) });
    bench.add('a', 'failover');
    await bench.clock.advance(600_000);
    isExhausted = false;
    await bench.clock.advance(10_000);
    expect(bench.answered).toHaveLength(1);
  });

  it('keeps a newer change back while the function itself cannot do more', async () => {
    const bench = aDeliveryBench();
    bench.add('a', 'failover');
    await bench.open('a').answer({ status: 503, scope: 'function' });
    bench.add('a', 'failover');
    expect(bench.calls).toHaveLength(1);
    await bench.clock.advance(250);
    expect(bench.calls).toHaveLength(2);
  });
});

describe('the next snapshot (S5)', () => {
  it('after a time-out is the same event until its deadline, because the first may still be worked on', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.clock.advance(2_900);
    const [first, ...others] = bench.calls;
    expect(others.length).toBeGreaterThan(0);
    for (const call of others) expect(call.event).toBe(first?.event);
  });

  it('the next snapshot (S5) is a new one past the deadline', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.clock.advance(6_000);
    const [first] = bench.calls;
    for (const call of bench.calls)
      expect(call.event === first?.event).toBe(call.at < (first?.event.data.deadline ?? 0));
    expect(bench.calls.at(-1)?.event).not.toBe(first?.event);
  });

  it('the next snapshot (S5) is a new one after three seconds also where the wall clock was set back an hour', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.clock.advance(500);
    bench.clock.setWallClock(-3_600_000);
    await bench.clock.advance(6_000);
    expect(bench.calls.at(-1)?.event).not.toBe(bench.calls[0]?.event);
  });

  it('the next snapshot (S5) is a new one after any answer', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').answer(503);
    await bench.clock.advance(250);
    expect(bench.calls).toHaveLength(2);
    expect(bench.calls[1]?.event).not.toBe(bench.calls[0]?.event);
  });

  it('the next snapshot (S5) is a new one where no connection was made: nothing can be working on the first', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').fail(unreachable);
    await bench.clock.advance(250);
    expect(bench.calls).toHaveLength(2);
    expect(bench.calls[1]?.event).not.toBe(bench.calls[0]?.event);
  });

  it('follows at once after an event that was sent again, when something came in between', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    await bench.open('a').fail(unavailable);
    bench.add('a', 'failover');
    await bench.clock.advance(250);
    expect(bench.calls[1]?.event).toBe(bench.calls[0]?.event);
    await bench.open('a').answer(200);
    expect(bench.calls).toHaveLength(3);
    expect(bench.calls[2]?.event).not.toBe(bench.calls[0]?.event);
    await bench.open('a').answer(200);
    expect(bench.calls).toHaveLength(3);
  });

  it('gives a hint longer than a snapshot before it times out', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    const { signal } = bench.open('a');
    await bench.clock.advance(999);
    expect(signal.aborted).toBe(false);
    await bench.clock.advance(1);
    expect(signal.aborted).toBe(true);
  });
});

describe('a sink that is slow', () => {
  it('a sink that is slow has twice the time after each time-out, up to 30 s, and the first time again after an answer', async () => {
    const bench = aDeliveryBench();
    const heldMs = async (): Promise<number> => {
      const { signal, at } = bench.open('a');
      while (!signal.aborted) await bench.clock.advance(250);
      return bench.clock.now() - at;
    };
    bench.add('a');
    const held: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      held.push(await heldMs());
      const sent = bench.calls.length;
      while (bench.calls.length === sent) await bench.clock.advance(250);
    }
    expect(held).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
    await bench.open('a').answer(200);
    bench.add('a');
    expect(await heldMs()).toBe(1_000);
  });
});

describe('what the sink bears', () => {
  const many = (bench: DeliveryBench, count: number, prefix = 's'): void => {
    for (let n = 0; n < count; n += 1) bench.add(`${prefix}-${n}`);
  };

  it('starts with 16 in flight and grows by one a round of successes, up to 64', async () => {
    const bench = aDeliveryBench();
    many(bench, 100);
    expect(bench.limitNow()).toBe(16);
    let done = 0;
    const succeed = async (times: number): Promise<void> => {
      for (const until = done + times; done < until; done += 1) {
        bench.add(`s-${done + 100}`);
        await bench.open(`s-${done}`).answer(200);
      }
    };
    await succeed(17);
    expect(bench.limitNow()).toBe(17);
    await succeed(300);
    expect(bench.limitNow()).toBe(29);
    await succeed(1_700);
    expect(bench.limitNow()).toBe(64);
  });

  it.each([429, 503])('what the sink bears is halved once by a burst of %i, not once by each', async (status) => {
    const bench = aDeliveryBench();
    many(bench, 40);
    for (let n = 0; n < 16; n += 1) await bench.open(`s-${n}`).answer(n < 6 ? status : 200);
    // Six of 429 make 8 out of 16, and eight of 200 make 16 of that again.
    expect(bench.limitNow()).toBe(16);
  });

  it('never falls under 4', async () => {
    const bench = aDeliveryBench({ tuning: { maxFailures: 1_000 } });
    many(bench, 100);
    let n = 0;
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await bench.clock.advance(400);
      const open = bench.calls.filter((call) => !call.signal.aborted).slice(-1);
      for (const call of open) await call.answer({ status: 429 });
      n += open.length;
    }
    expect(n).toBeGreaterThan(0);
    await bench.clock.advance(1_000);
    expect(bench.limitNow()).toBeGreaterThanOrEqual(4);
  });
});

describe('places', () => {
  it('leaves half of them to what is more urgent than the low lane', async () => {
    const bench = aDeliveryBench();
    for (let n = 0; n < 50; n += 1) bench.add(`low-${n}`, 'low');
    expect(bench.limitNow()).toBe(8);
    for (let n = 0; n < 50; n += 1) bench.add(`f-${n}`, 'failover');
    expect(bench.calls.slice(8).map(({ event }) => event.partitionkey.slice(0, 7))).toEqual(Array(8).fill('shop/f-'));
    await bench.open('low-0').answer(200);
    expect(bench.limitNow()).toBeGreaterThanOrEqual(16);
  });
});

describe('places of the low lane', () => {
  it('are few while others are in flight, and half when none has been for 100 ms', async () => {
    const bench = aDeliveryBench();
    const lowCalls = (): number => bench.calls.filter(({ event }) => event.partitionkey.startsWith('shop/low-')).length;
    for (let n = 0; n < 8; n += 1) bench.add(`f-${n}`, 'failover');
    for (let n = 0; n < 50; n += 1) bench.add(`low-${n}`, 'low');
    expect(lowCalls()).toBe(1);
    for (let n = 0; n < 8; n += 1) await bench.open(`f-${n}`).answer(200);
    await bench.clock.advance(99);
    expect(lowCalls()).toBe(1);
    await bench.clock.advance(1);
    expect(lowCalls()).toBeGreaterThanOrEqual(8);
  });

  it('rest after an announcement four times as long as it took, while others are in flight', async () => {
    const bench = aDeliveryBench({ tuning: { attemptTimeoutMs: 60_000 } });
    const lowCalls = (): number => bench.calls.filter(({ event }) => event.partitionkey.startsWith('shop/low-')).length;
    bench.add('f', 'failover');
    for (let n = 0; n < 3; n += 1) bench.add(`low-${n}`, 'low');
    await bench.clock.advance(10);
    await bench.open('low-0').answer(200);
    await bench.clock.advance(39);
    expect(lowCalls()).toBe(1);
    await bench.clock.advance(1);
    expect(lowCalls()).toBe(2);
    // What is slow rests for a second at most.
    await bench.clock.advance(900);
    await bench.open('low-1').answer(200);
    await bench.clock.advance(999);
    expect(lowCalls()).toBe(2);
    await bench.clock.advance(1);
    expect(lowCalls()).toBe(3);
  });
});

describe('the circuit breaker before a failing sink', () => {
  it('lets one probe through at a time, at most a second apart, and closes with the first answer', async () => {
    let isUp = false;
    const bench = aDeliveryBench({ reply: () => (isUp ? 200 : unreachable), tuning: { maxFailures: 1_000 } });
    for (let n = 0; n < 50; n += 1) bench.add(`s-${n}`);
    await bench.clock.advance(60_000);
    const before = bench.calls.length;
    await bench.clock.advance(60_000);
    const probes = bench.calls.slice(before);
    expect(probes.length).toBeGreaterThanOrEqual(60);
    expect(probes.length).toBeLessThanOrEqual(121);
    expect(new Set(probes.map(({ at }) => at)).size).toBe(probes.length);

    isUp = true;
    await bench.clock.advance(1_001);
    expect(bench.answered).toHaveLength(50);
  });

  it.each([
    ['back', 0, -3_600_000],
    ['right after it was an hour ahead', 3_600_000, 0],
  ])('the circuit breaker before a failing sink probes on when the wall clock is set %s', async (_, first, then) => {
    let isUp = false;
    const bench = aDeliveryBench({ reply: () => (isUp ? 200 : unreachable), tuning: { maxFailures: 1_000 } });
    bench.clock.setWallClock(first);
    for (let n = 0; n < 50; n += 1) bench.add(`s-${n}`);
    await bench.clock.advance(60_000);
    bench.clock.setWallClock(then);
    isUp = true;
    await bench.clock.advance(60_000);
    expect(bench.answered).toHaveLength(50);
  });

  it('the circuit breaker before a failing sink costs nothing while nothing waits', async () => {
    const bench = aDeliveryBench({ reply: () => unreachable, tuning: { maxFailures: 6 } });
    bench.add('a');
    await bench.clock.advance(600_000);
    expect(bench.letters).toHaveLength(1);
    expect(bench.clock.pending()).toBe(0);
  });

  it('the circuit breaker before a failing sink stays closed for an overloaded sink that answers some events while a burst times out', async () => {
    const bench = aDeliveryBench();
    for (let n = 0; n < 40; n += 1) bench.add(`s-${n}`);
    await bench.clock.advance(900);
    await bench.open('s-0').answer(200);
    await bench.open('s-1').answer(200);
    // 14 of them time out at once; those that were sent at 900 ms are still in flight.
    await bench.clock.advance(150);
    const inFlight = bench.limitNow();
    await bench.open('s-16').answer(200);
    expect(inFlight).toBeGreaterThan(1);
    expect(bench.limitNow()).toBeGreaterThan(1);
  });

  it('asks a sink that times out for less before it opens', async () => {
    const bench = aDeliveryBench({ tuning: { maxFailures: 1_000 } });
    for (let n = 0; n < 100; n += 1) bench.add(`s-${n}`);
    const most: number[] = [];
    for (let second = 0; second < 10; second += 1) {
      await bench.clock.advance(500);
      most.push(bench.limitNow());
      await bench.clock.advance(500);
    }
    expect(most.slice(0, 4)).toEqual([16, 8, 4, 4]);
    expect(Math.max(...most.slice(4))).toBe(1);
  });

  it('the circuit breaker before a failing sink stays closed when single keys get 429 from a sink that is well', async () => {
    const bench = aDeliveryBench({ reply: ({ partitionkey }) => (partitionkey.startsWith('shop/bad') ? 429 : 200) });
    for (let n = 0; n < 12; n += 1) bench.add(`bad-${n}`);
    await settle();
    bench.add('good', 'failover');
    await settle();
    expect(bench.answered.map(({ name }) => name)).toEqual(['good']);
  });

  it('sends healthy Services undisturbed while 100 others are refused by an exhausted quota', async () => {
    const refused = { status: 503, retryAfterMs: 1_000, scope: 'service' } as const;
    const bench = aDeliveryBench({
      reply: ({ partitionkey }) => (partitionkey.startsWith('shop/bad') ? refused : 200),
    });
    const waits: number[] = [];
    for (let n = 0; n < 100; n += 1) bench.add(`bad-${n}`);
    await settle();
    for (let second = 0; second < 60; second += 1) {
      for (let n = 0; n < 100; n += 1) bench.add(`bad-${n}`, 'low');
      for (let n = 0; n < 5; n += 1) {
        const addedAt = bench.clock.now();
        const answeredBefore = bench.answered.length;
        bench.add(`good-${n}`, 'failover');
        while (bench.answered.length === answeredBefore) await bench.clock.advance(10);
        waits.push(bench.clock.now() - addedAt);
      }
      await bench.clock.advance(1_000);
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(10);
  });

  it('lends a key in its backoff as the probe where nothing else waits, in turn, the most urgent first', async () => {
    let isUp = false;
    const bench = aDeliveryBench({ reply: () => (isUp ? 200 : unreachable), tuning: { maxFailures: 1_000 } });
    for (const name of ['a', 'b']) bench.add(name);
    await bench.clock.advance(300_000);
    const before = bench.calls.length;
    await bench.clock.advance(10_000);
    const probes = bench.calls.slice(before);
    expect(probes.length).toBeGreaterThanOrEqual(10);
    expect(new Set(probes.map(({ event }) => event.partitionkey))).toEqual(new Set(['shop/a', 'shop/b']));

    bench.add('a', 'failover');
    isUp = true;
    await bench.clock.advance(1_001);
    expect(bench.answered.map(({ name, lane }) => [name, lane])).toEqual([
      ['a', 'failover'],
      ['b', 'change'],
    ]);
    await bench.clock.advance(600_000);
    expect(bench.answered).toHaveLength(2);
  });

  it('counts no probe against the key that was lent: its dead letter comes when it would have come', async () => {
    const bench = aDeliveryBench({ reply: () => unreachable });
    bench.add('a');
    // Nine waits from 0.25 s doubled to 30 s, 91.75 s; and at most a second for the breaker to let
    // the last attempt through.
    await bench.clock.advance(91_000);
    expect(bench.letters).toEqual([]);
    await bench.clock.advance(2_000);
    expect(bench.letters).toMatchObject([{ reason: 'exhausted' }]);
    expect(bench.calls.length).toBeGreaterThan(80);
  });

  it('sends the same event again also by a probe, while the first may still be worked on', async () => {
    const bench = aDeliveryBench({ reply: () => unavailable, tuning: { maxFailures: 1_000 } });
    bench.add('a');
    await bench.clock.advance(60_000);
    const built = new Map<ReconcileEvent, number>();
    for (const { event, at } of bench.calls) {
      const [last, until] = [...built].at(-1) ?? [event, 0];
      if (at < until) expect(event).toBe(last);
      built.set(event, event.data.deadline);
    }
    expect(built.size).toBeGreaterThan(10);
  });

  it('sends it again after the dead letter, too: giving up is not an answer', async () => {
    const bench = aDeliveryBench({ tuning: { maxFailures: 1 } });
    bench.add('a');
    await bench.open('a').fail(unavailable);
    expect(bench.letters).toHaveLength(1);
    bench.add('a');
    expect(bench.calls[1]?.event).toBe(bench.calls[0]?.event);
    await bench.open('a').fail(unavailable);
    await bench.clock.advance(3_000);
    expect(bench.clock.pending()).toBe(0);
    bench.add('a');
    expect(bench.calls[2]?.event).not.toBe(bench.calls[0]?.event);
  });
});

describe('closing', () => {
  it('waits for what is in flight and sends nothing more', async () => {
    const bench = aDeliveryBench();
    bench.add('a');
    const closed = bench.close();
    bench.add('b');
    expect(bench.calls).toHaveLength(1);
    await bench.open('a').answer(200);
    await closed;
    expect(bench.answered).toHaveLength(1);
    expect(bench.clock.pending()).toBe(0);
  });

  it('gives up after the grace period', async () => {
    const bench = aDeliveryBench({ tuning: { closeGraceMs: 300, attemptTimeoutMs: 10_000 } });
    bench.add('a');
    const { signal } = bench.open('a');
    const closed = bench.close();
    await bench.clock.advance(300);
    await closed;
    expect(signal.aborted).toBe(true);
  });
});

describe('closing on a sink that ignores its signal', () => {
  it('ends all the same', async () => {
    const clock = createVirtualClock();
    const queue = createQueue<LeaderConcern>({ maxWaiting: 10, onWaiting: () => delivery.pump(), onRoom: () => {} });
    const delivery = startDelivery({
      queue,
      clock,
      random: () => 1,
      tuning: { ...defaultDeliveryTuning, closeGraceMs: 300 },
      metrics: createMetrics(),
      log: silentLogger,
      buildEvent: () => aReconcileEvent(),
      onAnswer: () => {},
      onDeadLetter: () => {},
      sink: () => new Promise<SinkAnswer>(() => {}),
    });
    queue.add(aConcern('a'), clock.now());
    const closed = delivery.close();
    await clock.advance(400);
    await closed;
  });
});

describe('over any weather', () => {
  it('delivers every key in the end, and never has two events in flight for one', async () => {
    const weather = fc.array(fc.constantFrom(200, 429, 500, 503, 'silence', 'refused', 'reset'), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(weather, async (answers) => {
        let turn = 0;
        let mostAtOnce = 0;
        const bench = aDeliveryBench({
          tuning: { maxFailures: 1_000 },
          reply({ partitionkey }) {
            const open = bench.calls.filter((call) => call.isOpen && call.event.partitionkey === partitionkey);
            mostAtOnce = Math.max(mostAtOnce, open.length);
            const answer = answers[turn++] ?? 200;
            if (typeof answer === 'number') return answer;
            return answer === 'silence' ? undefined : answer === 'refused' ? unreachable : unavailable;
          },
        });
        for (let n = 0; n < 6; n += 1) {
          bench.add(`s-${n}`);
          bench.add(`s-${n}`, 'failover');
          await bench.clock.advance(100);
        }
        await bench.clock.advance(600_000);
        const done = new Set(bench.answered.map(({ name }) => name));
        expect(done.size).toBe(6);
        expect(mostAtOnce).toBe(1);
        expect(bench.queue.depth()).toEqual({ failover: 0, change: 0, low: 0 });
        await bench.close();
      }),
      { numRuns: 60 },
    );
  });
});
