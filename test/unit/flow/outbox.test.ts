import { describe, expect, it } from 'vitest';
import { announceOwed, withOutbox } from '../../../functions/flows/announceOwed.ts';
import { createFlowAnnouncer, type FlowAnnouncer } from '../../../functions/flows/flowAnnouncer.ts';
import { readFlowCarry, type Told, writeFlowCarry } from '../../../functions/flows/flowCarry.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import { addOwed, emptyOutbox, leaveTold, MAX_OWED, type Owed } from '../../../lib/flow/announce/outbox.ts';
import { decideSimulated } from '../../../lib/flow/simulate/decideSimulated.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { parseRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aFlowWorld, aManualStep, aStep, type Outcomes } from '../../support/objects/aFlow.ts';

const signal = new AbortController().signal;

/** A flow whose passes announce, as functions make them. `down`: the sink refuses. */
function anAnnouncedFlow(spec: JsonObject, outcomes: Outcomes = {}) {
  const { cluster } = aFlowWorld(spec, outcomes);
  const ids: string[] = [];
  const state = { down: false, now: 0, writes: 0, asked: 0 };
  const results: Record<string, number> = {};
  let told: Told | null = null;
  const inc = ({ result }: { readonly result: string }, by = 1) => {
    results[result] = (results[result] ?? 0) + by;
  };
  const announcer: FlowAnnouncer = createFlowAnnouncer({
    clusterName: 'here',
    log: silentLogger,
    now: () => state.now,
    metrics: { announcements: { inc } as never },
    timeoutSignal: () => new AbortController().signal,
    async eventsSink({ id }) {
      state.asked += 1;
      if (state.down) throw new ZenLeadError('SINK_UNAVAILABLE', 'down', { retry: 'later' });
      ids.push(id.replace(/^[^/]*\//, ''));
    },
  });
  async function pass(): Promise<boolean> {
    const { now } = state;
    const first = decideSimulated(cluster, cluster.snapshot(now, 'read'), now);
    const { snapshot } = first;
    const decision = withOutbox(first.decision, snapshot, told, announcer, now);
    const write = (made: typeof decision) => {
      for (const each of toWrites(made, snapshot)) {
        if (each.resource === 'jobflowrecords') state.writes += 1;
        cluster.apply(each, now);
      }
    };
    write(decision);
    const hasWritten = decision.kind === 'advanced' || decision.record !== null || decision.deletesFlow;
    const done = await announceOwed(
      { snapshot: cluster.snapshot(now, 'read'), told, hasWritten },
      announcer,
      () => now,
      signal,
    );
    ({ told } = done);
    if (done.record !== null) write({ ...decision, record: done.record });
    return hasWritten;
  }
  return {
    ids,
    results,
    state,
    /** As where the bridge starts again. */
    loseCarry() {
      told = null;
    },
    async at(now: number, passes = 2): Promise<void> {
      state.now = now;
      let calm = 0;
      while (calm < passes) calm = (await pass()) ? 0 : calm + 1;
    },
    outbox: () => cluster.record()?.outbox,
  };
}

describe('what others are told of a flow', () => {
  it('is each change of each attempt, once, in its order', async () => {
    const retryPolicy = { limit: 1, backoff: { duration: '1s' } };
    const flow = anAnnouncedFlow(
      { steps: [aStep('a', [], { retryPolicy }), aManualStep('ask', ['a'])] },
      { a: ['fail:3', 'ok'] },
    );
    await flow.at(0);
    await flow.at(10_000);
    await flow.at(11_000);
    await flow.at(21_000);
    expect(flow.ids).toEqual([
      '/1/started',
      'a/1/started',
      'a/1/failed',
      'a/2/started',
      'a/2/succeeded',
      'ask/1/waiting',
    ]);
    expect(flow.outbox()?.entries).toEqual([]);
  });

  it('costs a flow on its way no write of its own', async () => {
    const quiet = aFlowWorld({ steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] });
    const flow = anAnnouncedFlow({ steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] });
    for (const now of [0, 10_000, 20_000, 30_000]) {
      quiet.at(now);
      await flow.at(now);
    }
    expect(flow.ids.at(-1)).toMatch(/^\/\d+\/succeeded$/);
    // The record is made by one write, and what was told last is noted by one.
    expect(flow.state.writes).toBe(Number(quiet.cluster.record()?.rev) + 2);
  });

  it('is sent again with the same id where the bridge started again before it was noted', async () => {
    const flow = anAnnouncedFlow({ steps: [aStep('a')] });
    await flow.at(0);
    flow.loseCarry();
    await flow.at(1);
    expect(flow.ids).toEqual(['/1/started', 'a/1/started', '/1/started', 'a/1/started']);
  });

  it('is noted after 30 s, where a step takes its time', async () => {
    const flow = anAnnouncedFlow({ steps: [aStep('a')] });
    await flow.at(0);
    expect(flow.outbox()?.entries).toHaveLength(2);
    await flow.at(9_000);
    expect(flow.outbox()?.entries).toHaveLength(2);
    const slow = anAnnouncedFlow({ steps: [aStep('a')] }, { a: ['timeout'] });
    await slow.at(0);
    await slow.at(30_000, 3);
    expect(slow.outbox()?.entries.filter(({ at }) => at === 0)).toEqual([]);
  });

  it('waits in the record while the sink is down, which is asked after pauses only', async () => {
    const flow = anAnnouncedFlow({ steps: [aStep('a'), aStep('b', 'a')] });
    flow.state.down = true;
    for (const now of [0, 500, 10_000, 20_000]) await flow.at(now);
    expect(flow.ids).toEqual([]);
    expect(flow.results).toEqual({ failed: flow.state.asked });
    expect(flow.state.asked).toBe(3);
    expect(flow.outbox()?.entries.map(({ step, phase }) => `${step} ${phase}`)).toEqual([
      'null started',
      'a started',
      'a succeeded',
      'b started',
      'b succeeded',
      'null succeeded',
    ]);
    flow.state.down = false;
    await flow.at(60_000);
    expect(flow.ids).toHaveLength(6);
    expect(flow.outbox()?.entries).toEqual([]);
  });

  it('holds up the deletion of a flow whose time is over, for ten minutes', async () => {
    const executionPolicy = { ttlSecondsAfterFinished: 0 };
    const flow = anAnnouncedFlow({ executionPolicy, steps: [aStep('a')] });
    flow.state.down = true;
    await flow.at(0);
    await flow.at(10_000);
    flow.state.down = false;
    await flow.at(70_000);
    expect(flow.ids.at(-1)).toMatch(/succeeded$/);
  });
});

describe('an outbox', () => {
  const owed = (rev: number): Owed => ({
    ...{ rev, step: 'a', attempt: 1, phase: 'started', reason: null, at: 5, exitCode: null, by: null },
  });

  it('is read as it was written, in a record', () => {
    const { cluster, at } = aFlowWorld({ steps: [aStep('a')] });
    at(0);
    const record = cluster.record();
    if (record === null) throw new Error('no record');
    const entries = [owed(1), { ...owed(2), step: null, reason: 'JobFailed', exitCode: 3, by: 'jane' }];
    const written = { ...record, outbox: { announcedRev: 1, told: 7, entries } };
    expect(parseRecord(serializeRecord(written))).toEqual(written);
  });

  it.each([
    { announcedRev: 'x' },
    { announced: -1 },
    { outbox: 'x' },
    { outbox: [[1, 'a', 1, 'odd', 5]] },
    { outbox: [[1, 'a', 1, 'started', 'noon']] },
    { outbox: [[1, {}, 1, 'started', 5]] },
    { outbox: Array.from({ length: MAX_OWED + 1 }, () => [1, 'a', 1, 'started', 5]) },
  ])('that a person wrote in another shape makes the record unreadable (%#)', (fields) => {
    const { cluster, at } = aFlowWorld({ steps: [aStep('a')] });
    at(0);
    const record = cluster.record();
    if (record === null) throw new Error('no record');
    const text = JSON.parse(serializeRecord({ ...record, outbox: emptyOutbox }));
    expect(parseRecord(JSON.stringify({ ...text, ...fields }))).toBeNull();
  });

  it('lets its oldest entries go where more wait than it may hold, and counts them', () => {
    const full = addOwed(
      emptyOutbox,
      Array.from({ length: MAX_OWED }, (_, index) => owed(index)),
    );
    expect(full.dropped).toBe(0);
    const { outbox, dropped } = addOwed(full.outbox, [owed(9_000)]);
    expect([dropped, outbox.told, outbox.entries.length, outbox.entries[0]?.rev]).toEqual([1, 1, MAX_OWED, 1]);
  });

  it('says up to which revision all is told', () => {
    const outbox = { ...emptyOutbox, entries: [owed(3), owed(3), owed(4)] };
    expect(leaveTold(outbox, 1, 9)).toMatchObject({ announcedRev: 2, told: 1 });
    expect(leaveTold(outbox, 2, 9)).toMatchObject({ announcedRev: 3, told: 2 });
    expect(leaveTold(outbox, 3, 9)).toMatchObject({ announcedRev: 9, told: 3, entries: [] });
    expect(leaveTold(outbox, 99, 9)).toMatchObject({ told: 3 });
  });
});

describe('the carry of a flow', () => {
  const told = { recordUid: 'u-1', count: 7 };

  it.each([
    { statusAt: 5, told, createAgainAt: 0 },
    { statusAt: 5, told: null, createAgainAt: 0 },
    { statusAt: 5, told, createAgainAt: 300_010 },
    { statusAt: 0, told: null, createAgainAt: 9 },
  ])('is read as it was written: %o', (carry) => {
    expect(readFlowCarry(writeFlowCarry(carry), 10)).toEqual(carry);
  });

  it.each(['x', '30011;u;1', '5;u;x', '5;;1', ';;;', '5;;;300011', '5;;;x'])(
    'of another shape says nothing: %s',
    (text) => {
      const read = readFlowCarry(text, 10);
      const isTold = read.told === null || read.told.count === 1;
      expect([read.statusAt === 0 || read.statusAt === 5, isTold, read.createAgainAt]).toEqual([true, true, 0]);
    },
  );
});
