/**
 * Makes the JobFlow for one time of a schedule.
 *
 * Guarantees: its name is a function of schedule and minute, so that one minute cannot have two
 * flows, whatever the clocks say. The schedule controls it, and the garbage collector takes it
 * along.
 * Source: https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/controller/cronjob/utils.go
 * (getTimeHashInMinutes: the Unix time in minutes; getJobName in cronjob_controllerv2.go)
 */

import type { JsonObject } from '../spec/flowSpec.ts';
import { API_VERSION, annotation, label } from '../state/names.ts';
import { toTime } from '../writes/statusConditions.ts';
import type { ScheduledRun, ScheduleView } from './scheduleView.ts';

export const MINUTE_MS = 60_000;

export function scheduledName(schedule: string, at: number): string {
  return `${schedule}-${Math.floor(at / MINUTE_MS)}`;
}

/** The schedule that a flow says to be of; null for a flow of none. Anyone may write it. */
export function scheduleNameOf(flow: {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}): string | null {
  if (flow.annotations[annotation.scheduledAt] === undefined) return null;
  return /^(.+)-\d+$/.exec(flow.name)?.[1] ?? null;
}

/** The time that a flow of a schedule is for, by its name. */
export function minuteOf(name: string): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? 0) * MINUTE_MS;
}

export function scheduledFlow(schedule: ScheduleView, at: number, runs: readonly ScheduledRun[]): JsonObject {
  const { namespace, name, uid, spec } = schedule;
  const { labels, annotations, spec: flow } = spec.template;
  const expected = lastDurationMs(runs);
  return {
    apiVersion: API_VERSION,
    kind: 'JobFlow',
    metadata: {
      name: scheduledName(name, at),
      namespace,
      labels: { ...labels, [label.schedule]: name },
      annotations: {
        ...annotations,
        [annotation.scheduledAt]: toTime(at),
        ...(expected !== null && { [annotation.expectedSeconds]: String(Math.ceil(expected / 1_000)) }),
      },
      ownerReferences: [
        { apiVersion: API_VERSION, kind: 'JobFlowSchedule', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: flow,
  };
}

/** Of the newest run that succeeded; null without one. */
function lastDurationMs(runs: readonly ScheduledRun[]): number | null {
  const [last] = runs
    .filter(({ phase, startedAt, endedAt }) => phase === 'succeeded' && startedAt !== null && endedAt !== null)
    .sort((a, b) => b.scheduledAt - a.scheduledAt);
  return last === undefined ? null : Math.max(0, (last.endedAt ?? 0) - (last.startedAt ?? 0));
}
