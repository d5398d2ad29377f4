/**
 * tellSchedule: writes the Kubernetes Events of one decision about a schedule, and counts it. The
 * reasons are those of a CronJob where they mean the same.
 */

import type { ScheduleDecision } from '../../lib/flow/schedule/decideSchedule.ts';
import type { ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { type EventDeps, type News, writeEvents } from '../flows/writeEvents.ts';
import type { Made } from './makeRun.ts';

interface TellDeps extends EventDeps {
  readonly metrics: Pick<FlowMetrics, 'labels' | 'scheduleRuns' | 'scheduleDelaySeconds'>;
}

const results = {
  MissSchedule: 'missed',
  TooManyMissedTimes: 'many_missed',
  FlowAlreadyActive: 'waiting',
} as const;

export async function tellSchedule(
  schedule: ScheduleView,
  { news, startAt }: ScheduleDecision,
  made: Made | null,
  deps: TellDeps,
  signal: AbortSignal,
): Promise<void> {
  const { metrics } = deps;
  const flow = metrics.labels.flow(schedule.name);
  for (const { reason } of news) metrics.scheduleRuns.inc({ flow, result: results[reason] });
  if (made?.kind === 'made') {
    metrics.scheduleRuns.inc({ flow, result: 'started' });
    metrics.scheduleDelaySeconds.observe(Math.max(0, deps.now() - made.run.scheduledAt) / 1_000);
  }
  if (made?.kind === 'refused') metrics.scheduleRuns.inc({ flow, result: 'refused' });
  const told = news.map(({ reason, at, note }): News => ({ type: 'Warning', reason, note, about: [at] }));
  await writeEvents('JobFlowSchedule', schedule, [...told, ...newsOf(made, startAt)], deps, signal);
}

function newsOf(made: Made | null, startAt: number | null): readonly News[] {
  if (made === null || made.kind === 'found') return [];
  const about = [startAt ?? 0];
  if (made.kind === 'made')
    return [{ type: 'Normal', reason: 'SuccessfulCreate', note: `made flow ${made.run.name}`, about }];
  const { reason, message } = made.refused;
  return [{ type: 'Warning', reason: 'FailedCreate', note: message, about: [...about, reason] }];
}
