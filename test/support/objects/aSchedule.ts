/** Builds schedules, and the flows that one has made. */

import { parseSchedule } from '../../../lib/flow/objects/parseSchedule.ts';
import { MINUTE_MS, scheduledName } from '../../../lib/flow/schedule/scheduledFlow.ts';
import { toStatusObject } from '../../../lib/flow/schedule/scheduleStatus.ts';
import type { ScheduledRun, ScheduleStatus, ScheduleView } from '../../../lib/flow/schedule/scheduleView.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import { aStep } from './aFlow.ts';

/** Made at 2026-11-29T00:00:30Z; every ten minutes. */
export function aSchedule(spec: JsonObject = {}, name = 'nightly') {
  const jobFlowTemplate = { spec: { steps: [aStep('a')] } };
  return {
    apiVersion: API_VERSION,
    kind: 'JobFlowSchedule',
    metadata: { namespace: 'default', name },
    spec: { schedule: '*/10 * * * *', jobFlowTemplate, ...spec },
  };
}

export function aScheduleView(spec: JsonObject = {}, status: ScheduleStatus | null = null): ScheduleView {
  const { metadata, ...object } = aSchedule(spec);
  const identity = { uid: 's-1', resourceVersion: '1', generation: 1, creationTimestamp: '2026-11-29T00:00:30Z' };
  return parseSchedule({
    ...object,
    metadata: { ...metadata, ...identity },
    ...(status !== null && { status: toStatusObject(status) }),
  });
}

/** For a time of day, `00:10`. */
export function aRun(time: string, fields: Partial<ScheduledRun> = {}): ScheduledRun {
  const scheduledAt = clock(time);
  return {
    name: scheduledName('nightly', scheduledAt),
    uid: `f-${time}`,
    resourceVersion: '2',
    scheduledAt,
    phase: 'active',
    startedAt: scheduledAt,
    endedAt: fields.phase === undefined || fields.phase === 'active' ? null : scheduledAt + 2 * MINUTE_MS,
    isShutDown: false,
    ...fields,
  };
}

export function clock(time: string): number {
  return Date.parse(`2026-11-29T${time.length === 5 ? `${time}:00` : time}Z`);
}
