/**
 * Makes the status of a JobFlowSchedule.
 *
 * Guarantees: pure; null where the status says all of it already. `lastTransitionTime` moves with
 * `status` of a condition only. `lastScheduleTime` never goes back.
 */

import type { JsonObject } from '../spec/flowSpec.ts';
import { toTime } from '../writes/statusConditions.ts';
import type { ScheduleCondition, ScheduledRun, ScheduleStatus, ScheduleView } from './scheduleView.ts';

/** What was decided about the schedule as a whole. */
export interface Standing {
  /** What is wrong with it. */
  readonly valid?: string;
  /** `Scheduled` where it is as it should be. */
  readonly reason: string;
  readonly message: string;
  readonly nextAt: number | null;
  /** The time for which a flow starts. */
  readonly startedAt?: number;
  /** The time for which none starts for now. */
  readonly missedAt?: number;
}

/** More are counted, and not listed. */
const MAX_ACTIVE = 100;
const MAX_MESSAGE = 1_024;

export function statusOf(
  schedule: ScheduleView,
  runs: readonly ScheduledRun[],
  standing: Standing,
  now: number,
): ScheduleStatus | null {
  const { status, generation } = schedule;
  const active = runs.filter(({ phase }) => phase === 'active').sort((a, b) => a.scheduledAt - b.scheduledAt);
  const succeeded = runs.flatMap(({ phase, endedAt }) => (phase === 'succeeded' && endedAt !== null ? [endedAt] : []));
  const wanted: ScheduleStatus = {
    observedGeneration: generation,
    active: active.slice(0, MAX_ACTIVE).map(({ name, uid }) => ({ name, uid })),
    activeCount: active.length,
    lastScheduleAt: latest(status?.lastScheduleAt, standing.startedAt, ...runs.map(({ scheduledAt }) => scheduledAt)),
    // Every decision about another time comes after it.
    startingAt: null,
    lastSuccessfulAt: latest(status?.lastSuccessfulAt, ...succeeded),
    lastMissedAt: latest(status?.lastMissedAt, standing.missedAt),
    nextScheduleAt: standing.nextAt,
    conditions: conditionsOf(status, standing, now),
  };
  return status !== null && JSON.stringify(toStatusObject(status)) === JSON.stringify(toStatusObject(wanted))
    ? null
    : wanted;
}

export function toStatusObject(status: ScheduleStatus): JsonObject {
  const time = (at: number | null) => (at === null ? null : toTime(at));
  return {
    observedGeneration: status.observedGeneration,
    active: status.active.map(({ name, uid }) => ({ name, uid })),
    activeCount: status.activeCount,
    lastScheduleTime: time(status.lastScheduleAt),
    startingTime: time(status.startingAt),
    lastSuccessfulTime: time(status.lastSuccessfulAt),
    lastMissedTime: time(status.lastMissedAt),
    nextScheduleTime: time(status.nextScheduleAt),
    conditions: status.conditions.map(({ lastTransitionAt, ...condition }) => ({
      ...condition,
      lastTransitionTime: toTime(lastTransitionAt),
    })),
  };
}

function conditionsOf(
  status: ScheduleStatus | null,
  { valid, reason, message }: Standing,
  now: number,
): readonly ScheduleCondition[] {
  const before = new Map((status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const make = (type: ScheduleCondition['type'], isTrue: boolean, why: string, says: string): ScheduleCondition => {
    const is = isTrue ? 'True' : 'False';
    const old = before.get(type);
    const lastTransitionAt = old?.status === is ? old.lastTransitionAt : now;
    return { type, status: is, reason: why, message: says.slice(0, MAX_MESSAGE), lastTransitionAt };
  };
  return [
    make('Valid', valid === undefined, valid === undefined ? 'Valid' : 'ValidationFailed', valid ?? ''),
    make('Ready', reason === 'Scheduled', reason, message),
  ];
}

function latest(...instants: readonly (number | null | undefined)[]): number | null {
  const known = instants.filter((at) => at !== null && at !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}
