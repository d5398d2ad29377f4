/**
 * Decides what one JobFlowSchedule does now: which flow starts, which ones end, which ones go.
 *
 * Guarantees: pure. Only the latest time that is due starts; the ones before it are missed, as with
 * a CronJob. No time up to `status.lastScheduleTime`, or up to that of a flow that is there, starts
 * again. So a clock that is set back, or was ahead, starts nothing twice. A flow is deleted only
 * once the status says that its time has come. Where only one flow may run, a start that the status
 * names is carried out before another one is decided on.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-delay
 */

import { type CronTimes, parseCron } from '../../cron/parseCron.ts';
import { MINUTE_MS } from './scheduledFlow.ts';
import { type Standing, statusOf } from './scheduleStatus.ts';
import type { RefusedRun, ScheduledRun, ScheduleStatus, ScheduleView } from './scheduleView.ts';

export interface ScheduleDecision {
  readonly kind: 'started' | 'kept' | 'refused';
  /** The time for which a flow is to be made. */
  readonly startAt: number | null;
  /** The status has to name that time before the flow is made: only one flow may run. */
  readonly reserves: boolean;
  /** Flows that have to end before the next one starts. */
  readonly terminates: readonly ScheduledRun[];
  /** Flows that are no longer kept. */
  readonly deletes: readonly ScheduledRun[];
  /** As it is once all of that is done; null where it says so already. */
  readonly status: ScheduleStatus | null;
  readonly news: readonly ScheduleNews[];
  /** When to decide again, where nothing changes before. */
  readonly nextAt: number | null;
}

export interface ScheduleNews {
  readonly reason: 'MissSchedule' | 'TooManyMissedTimes' | 'FlowAlreadyActive';
  readonly at: number;
  readonly note: string;
}

/** Beyond it a CronJob says so, too. */
const MANY_MISSED = 100;
/** Clocks of two machines differ by less. */
const SKEW_MS = MINUTE_MS;
/** A run that was refused is tried again. */
const RETRY_MS = 30_000;

export function decideSchedule(
  schedule: ScheduleView,
  runs: readonly ScheduledRun[],
  now: number,
  refused: RefusedRun | null = null,
): ScheduleDecision {
  const { spec, problems, status } = schedule;
  const error = problems.find(({ severity }) => severity === 'error');
  const read = parseCron(spec.schedule, spec.timeZone);
  const deletes = historyOf(schedule, runs);
  const settle = (standing: Standing, more: Partial<ScheduleDecision> = {}): ScheduleDecision => ({
    kind: 'kept',
    startAt: null,
    reserves: false,
    terminates: [],
    news: [],
    nextAt: standing.nextAt,
    deletes,
    ...more,
    status: statusOf(schedule, runs, standing, now),
  });
  if (error !== undefined || read.kind === 'problem') {
    const message = error === undefined ? spec.schedule : `${error.path}: ${error.message}`;
    return settle({ valid: message, reason: 'ValidationFailed', message, nextAt: null }, { kind: 'refused' });
  }
  const openAt = openStart(schedule, runs, now);
  if (openAt !== null && refused?.scheduledAt !== openAt) {
    const standing = { reason: 'Scheduled', message: '', nextAt: read.times.nextAfter(now), startedAt: openAt };
    return settle(standing, { kind: 'started', startAt: openAt });
  }
  if (spec.suspend) return settle({ reason: 'Suspended', message: 'spec.suspend is true', nextAt: null });
  const { times } = read;
  const nextAt = times.nextAfter(now);
  const since = Math.max(schedule.createdAt, status?.lastScheduleAt ?? 0, ...runs.map((run) => run.scheduledAt));
  if (since > now + SKEW_MS) {
    const message = `the last flow is for ${new Date(since).toISOString()}, which is yet to come: a clock was ahead. Nothing starts before; a schedule of another name starts at once`;
    return settle({ reason: 'ClockBehind', message, nextAt: times.nextAfter(since) }, { nextAt: now + RETRY_MS });
  }
  const due = times.lastUntil(now);
  if (due === null || due <= since) return settle({ reason: 'Scheduled', message: '', nextAt });
  return decideDue({ schedule, runs, now, due, since, times, nextAt, refused, settle });
}

interface Due {
  readonly schedule: ScheduleView;
  readonly runs: readonly ScheduledRun[];
  readonly now: number;
  readonly due: number;
  readonly since: number;
  readonly times: CronTimes;
  readonly nextAt: number | null;
  readonly refused: RefusedRun | null;
  settle(standing: Standing, more?: Partial<ScheduleDecision>): ScheduleDecision;
}

function decideDue({ schedule, runs, now, due, since, times, nextAt, refused, settle }: Due): ScheduleDecision {
  const { spec, status } = schedule;
  const isNews = status?.lastMissedAt !== due;
  const missed = (reason: ScheduleNews['reason'], note: string, more: readonly ScheduleNews[] = []) => ({
    news: isNews ? [{ reason, at: due, note }, ...more] : [],
  });
  const many = times.countBetween(since, due - 1, MANY_MISSED + 1) > MANY_MISSED;
  const tooMany: readonly ScheduleNews[] = many
    ? [{ reason: 'TooManyMissedTimes', at: due, note: `more than ${MANY_MISSED} times were missed before it` }]
    : [];
  const { startingDeadlineMs: deadline } = spec;
  if (deadline !== null && due + deadline < now) {
    const message = `the run for ${new Date(due).toISOString()} is later than startingDeadlineSeconds allows`;
    return settle({ reason: 'Missed', message, nextAt, missedAt: due }, missed('MissSchedule', message, tooMany));
  }
  const active = runs.filter(({ phase }) => phase === 'active');
  if (active.length > 0 && spec.concurrencyPolicy !== 'Allow') {
    const names = active.map(({ name }) => name).slice(0, 5);
    const message = `the run for ${new Date(due).toISOString()} waits for the end of ${names.join(', ')}`;
    const replaces = spec.concurrencyPolicy === 'Replace';
    const terminates = replaces ? active.filter(({ isShutDown }) => !isShutDown) : [];
    // The end of the flow is an event. The deadline is none.
    const lateAt = deadline === null ? Number.POSITIVE_INFINITY : due + deadline + 1;
    const again = Math.min(lateAt, nextAt ?? Number.POSITIVE_INFINITY);
    return settle(
      { reason: replaces ? 'Replacing' : 'FlowAlreadyActive', message, nextAt, missedAt: due },
      {
        terminates,
        ...missed('FlowAlreadyActive', message, tooMany),
        nextAt: Number.isFinite(again) ? again : null,
      },
    );
  }
  if (refused?.scheduledAt === due) {
    const { reason, message } = refused;
    const again = Math.min(now + RETRY_MS, nextAt ?? Number.POSITIVE_INFINITY);
    return settle({ reason, message, nextAt, missedAt: due }, { kind: 'refused', nextAt: again });
  }
  return settle(
    { reason: 'Scheduled', message: '', nextAt, startedAt: due },
    { kind: 'started', startAt: due, reserves: spec.concurrencyPolicy !== 'Allow', news: tooMany },
  );
}

/** A time that was decided on, and whose flow is not there yet; null where it grew too late. */
function openStart({ spec, status }: ScheduleView, runs: readonly ScheduledRun[], now: number): number | null {
  const at = status?.startingAt ?? null;
  if (at === null || at <= (status?.lastScheduleAt ?? 0)) return null;
  if (runs.some(({ scheduledAt }) => scheduledAt >= at)) return null;
  return spec.startingDeadlineMs !== null && at + spec.startingDeadlineMs < now ? null : at;
}

/** The oldest ones of those that have ended, beyond the limits. */
function historyOf({ spec, status }: ScheduleView, runs: readonly ScheduledRun[]): readonly ScheduledRun[] {
  const known = status?.lastScheduleAt ?? 0;
  const beyond = (phase: ScheduledRun['phase'], limit: number) =>
    runs
      .filter((run) => run.phase === phase)
      .sort((a, b) => b.scheduledAt - a.scheduledAt)
      .slice(limit)
      .filter(({ scheduledAt }) => scheduledAt <= known);
  return [...beyond('succeeded', spec.successfulLimit), ...beyond('failed', spec.failedLimit)];
}
