/** What a schedule does at an instant. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideSchedule, type ScheduleDecision } from '../../../../lib/flow/schedule/decideSchedule.ts';
import type { ScheduledRun, ScheduleStatus, ScheduleView } from '../../../../lib/flow/schedule/scheduleView.ts';
import type { JsonObject } from '../../../../lib/flow/spec/flowSpec.ts';
import { aRun, aScheduleView, clock } from '../../../support/objects/aSchedule.ts';

const time = (at: number | null) => (at === null ? null : new Date(at).toISOString().slice(11, 16));

function decide(
  now: string,
  spec: JsonObject = {},
  runs: readonly ScheduledRun[] = [],
  status?: Partial<ScheduleStatus>,
) {
  const whole = status === undefined ? null : { ...emptyStatus, ...status };
  return decideSchedule(aScheduleView(spec, whole), runs, clock(now));
}

const emptyStatus: ScheduleStatus = {
  observedGeneration: 1,
  active: [],
  activeCount: 0,
  lastScheduleAt: null,
  startingAt: null,
  lastSuccessfulAt: null,
  lastMissedAt: null,
  nextScheduleAt: null,
  conditions: [],
};

const ready = ({ status }: ScheduleDecision) => status?.conditions.find(({ type }) => type === 'Ready');

describe('a schedule', () => {
  it('waits for its first time, and says when that is', () => {
    const decision = decide('00:05');
    expect(decision).toMatchObject({ kind: 'kept', startAt: null });
    expect(time(decision.nextAt)).toBe('00:10');
    expect(time(decision.status?.nextScheduleAt ?? null)).toBe('00:10');
    expect(ready(decision)).toMatchObject({ status: 'True', reason: 'Scheduled' });
  });

  it('starts a flow when its time has come, late ones too', () => {
    for (const now of ['00:10', '00:10:59', '00:19:59']) expect(time(decide(now).startAt)).toBe('00:10');
    expect(time(decide('00:10').nextAt)).toBe('00:20');
    expect(time(decide('00:10').status?.lastScheduleAt ?? null)).toBe('00:10');
  });

  it('starts no time of before it was made', () => {
    expect(decide('00:00:45').startAt).toBeNull();
  });

  it.each([
    ['by its status', [], { lastScheduleAt: clock('00:10') }],
    ['by the flow that is there', [aRun('00:10')], undefined],
  ] as const)('starts no time twice, %s', (_how, runs, status) => {
    expect(decide('00:10:20', {}, runs, status).startAt).toBeNull();
  });

  it('starts the latest of the times that it missed, and says where there were more than a hundred', () => {
    const few = decide('03:05');
    expect([time(few.startAt), few.news]).toEqual(['03:00', []]);
    const many = decide('20:05');
    expect(time(many.startAt)).toBe('20:00');
    expect(many.news).toEqual([expect.objectContaining({ reason: 'TooManyMissedTimes', at: clock('20:00') })]);
  });

  it('misses a time that is later than its deadline allows, and says so once', () => {
    const spec = { startingDeadlineSeconds: 60 };
    expect(time(decide('00:11', spec).startAt)).toBe('00:10');
    const missed = decide('00:11:01', spec);
    expect(missed.startAt).toBeNull();
    expect(missed.news).toEqual([expect.objectContaining({ reason: 'MissSchedule' })]);
    expect(time(missed.status?.lastMissedAt ?? null)).toBe('00:10');
    expect(ready(missed)).toMatchObject({ status: 'False', reason: 'Missed' });
    expect(decide('00:12', spec, [], { lastMissedAt: clock('00:10') }).news).toEqual([]);
  });

  it('starts nothing while it is suspended, and the latest missed time afterwards', () => {
    const decision = decide('00:35', { suspend: true });
    expect(decision).toMatchObject({ startAt: null, nextAt: null });
    expect(ready(decision)).toMatchObject({ status: 'False', reason: 'Suspended' });
    expect(time(decide('00:35').startAt)).toBe('00:30');
  });

  it('starts a second flow beside one that runs where concurrencyPolicy is Allow', () => {
    expect(time(decide('00:20', {}, [aRun('00:10')]).startAt)).toBe('00:20');
  });

  it('lets a run wait for the one before where concurrencyPolicy is Forbid, and starts it then', () => {
    const spec = { concurrencyPolicy: 'Forbid' };
    const waits = decide('00:20', spec, [aRun('00:10')]);
    expect(waits).toMatchObject({ startAt: null, terminates: [], news: [{ reason: 'FlowAlreadyActive' }] });
    expect(time(decide('00:25', spec, [aRun('00:10', { phase: 'failed' })]).startAt)).toBe('00:20');
    const late = { ...spec, startingDeadlineSeconds: 60 };
    expect(decide('00:25', late, [aRun('00:10', { phase: 'failed' })]).startAt).toBeNull();
    expect(decide('00:20', late, [aRun('00:10')]).nextAt).toBe(clock('00:21') + 1);
  });

  it('ends the run before where concurrencyPolicy is Replace, and starts once it has ended', () => {
    const spec = { concurrencyPolicy: 'Replace' };
    const asks = decide('00:20', spec, [aRun('00:10')]);
    expect(asks.startAt).toBeNull();
    expect(asks.terminates.map(({ name }) => name)).toEqual([aRun('00:10').name]);
    expect(decide('00:20', spec, [aRun('00:10', { isShutDown: true })]).terminates).toEqual([]);
    expect(time(decide('00:21', spec, [aRun('00:10', { phase: 'failed' })]).startAt)).toBe('00:20');
  });

  it('names a time in the status before its flow, where only one may run, and then makes that one', () => {
    const spec = { concurrencyPolicy: 'Forbid' };
    expect(decide('00:20', spec)).toMatchObject({ startAt: clock('00:20'), reserves: true });
    expect(decide('00:20', {})).toMatchObject({ startAt: clock('00:20'), reserves: false });
    const reserved = { startingAt: clock('00:20') };
    const next = decide('00:30', spec, [], reserved);
    expect(next).toMatchObject({ startAt: clock('00:20'), reserves: false, status: { startingAt: null } });
    // What was decided on is carried out, though the schedule is suspended since.
    expect(decide('00:21', { ...spec, suspend: true }, [], reserved).startAt).toBe(clock('00:20'));
    expect(decide('00:30', spec, [aRun('00:20')], reserved)).toMatchObject({
      startAt: null,
      status: { startingAt: null },
    });
    expect(decide('00:23', { ...spec, startingDeadlineSeconds: 120 }, [], reserved).startAt).toBeNull();
  });

  it('waits where the last flow is for a time to come, because a clock was ahead', () => {
    const decision = decide('00:25', {}, [aRun('09:10', { phase: 'succeeded' })]);
    expect(decision.startAt).toBeNull();
    expect(ready(decision)).toMatchObject({ status: 'False', reason: 'ClockBehind' });
    expect(ready(decision)?.message).toContain('2026-11-29T09:10');
  });

  it('keeps three flows that succeeded and one that failed, the newest of each', () => {
    const succeeded = ['00:10', '00:20', '00:30', '00:40', '00:50'].map((at) => aRun(at, { phase: 'succeeded' }));
    const failed = ['01:00', '01:10'].map((at) => aRun(at, { phase: 'failed' }));
    const runs = [...failed, ...succeeded];
    const names = (decision: ScheduleDecision) => decision.deletes.map(({ scheduledAt }) => time(scheduledAt)).sort();
    expect(names(decide('01:15', {}, runs, { lastScheduleAt: clock('01:10') }))).toEqual(['00:10', '00:20', '01:00']);
    const none = { successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0 };
    expect(names(decide('01:15', none, runs, { lastScheduleAt: clock('01:10') }))).toHaveLength(7);
  });

  it('deletes no flow before the status says that its minute has run', () => {
    const none = { successfulJobsHistoryLimit: 0 };
    expect(decide('00:15', none, [aRun('00:10', { phase: 'succeeded' })]).deletes).toEqual([]);
  });

  it('says what is wrong with it, and starts nothing', () => {
    const decision = decide('00:10', { schedule: '0 25 * * *' });
    expect(decision).toMatchObject({ kind: 'refused', startAt: null });
    expect(decision.status?.conditions).toMatchObject([
      { type: 'Valid', status: 'False', message: expect.stringContaining('spec.schedule: field 2 of 5 (hour)') },
      { type: 'Ready', status: 'False', reason: 'ValidationFailed' },
    ]);
  });

  it('writes no status that says the same', () => {
    const { status } = decide('00:10', {}, [aRun('00:10')]);
    if (status === null) throw new Error('no status');
    expect(decideSchedule(aScheduleView({}, status), [aRun('00:10')], clock('00:11')).status).toBeNull();
  });

  it('makes no minute two flows, whatever clocks say and however passes are cut short', () => {
    const passes = fc.array(
      fc.record({
        minute: fc.integer({ min: 0, max: 60 }),
        cut: fc.constantFrom('before', 'after create', 'never'),
        ends: fc.boolean(),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(passes, fc.constantFrom('Allow', 'Forbid', 'Replace'), (list, concurrencyPolicy) => {
        const spec = { concurrencyPolicy, schedule: '*/5 * * * *', successfulJobsHistoryLimit: 0 };
        let view: ScheduleView = aScheduleView(spec);
        let runs: readonly ScheduledRun[] = [];
        const made: string[] = [];
        for (const { minute, cut, ends } of list) {
          const now = clock('00:01') + minute * 60_000;
          const first = decideSchedule(view, runs, now);
          if (cut === 'before') continue;
          if (first.startAt !== null) {
            const run = aRun(new Date(first.startAt).toISOString().slice(11, 16));
            made.push(run.name);
            runs = [...runs, run];
          }
          if (ends) runs = runs.map((run) => ({ ...run, phase: 'succeeded', endedAt: now }));
          if (cut === 'after create') continue;
          const { status, deletes } = decideSchedule(view, runs, now);
          if (status !== null) view = { ...view, status };
          runs = runs.filter((run) => !deletes.includes(run));
        }
        expect(new Set(made).size).toBe(made.length);
      }),
      { numRuns: 40 },
    );
  });
});
