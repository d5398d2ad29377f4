/**
 * Parses a flow that a JobFlowSchedule has made, cut down to what the schedule's decisions read.
 *
 * Guarantees: only a flow that the schedule controls, by uid, is a run of it. A label proves
 * nothing.
 */

import { takeFields, takeOptionalString, takeString } from '../../kube/fields.ts';
import { minuteOf } from '../schedule/scheduledFlow.ts';
import type { ScheduledRun } from '../schedule/scheduleView.ts';
import { label } from '../state/names.ts';
import { instant, toLoose } from './looseFields.ts';
import { controllerUid, labelsOf } from './parseOwned.ts';

/** As it is watched: whose it is, is decided with the schedule at hand. */
export interface WatchedRun extends ScheduledRun {
  readonly namespace: string;
  /** By its label. */
  readonly schedule: string;
  /** Of the controller; null without one. */
  readonly ownerUid: string | null;
}

export function parseWatchedRun(input: unknown): WatchedRun {
  const object = takeFields(input, 'jobflow');
  const metadata = takeFields(object['metadata'], 'metadata');
  const name = takeString(metadata, 'name', 'metadata');
  const [spec, status] = [toLoose(object['spec']), toLoose(object['status'])];
  const { phase } = status;
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name,
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    schedule: takeOptionalString(labelsOf(metadata), label.schedule, 'metadata.labels') ?? '',
    ownerUid: controllerUid(metadata),
    scheduledAt: minuteOf(name),
    phase: phase === 'Succeeded' ? 'succeeded' : phase === 'Failed' ? 'failed' : 'active',
    startedAt: instant(status['startTime']),
    endedAt: instant(status['completionTime']),
    isShutDown: spec['shutdown'] === 'Terminate',
  };
}

/** Null for a flow that the schedule does not control. */
export function toScheduledRun(
  { namespace: _, schedule: __, ownerUid, ...run }: WatchedRun,
  schedule: { readonly uid: string },
): ScheduledRun | null {
  return ownerUid === schedule.uid ? run : null;
}
