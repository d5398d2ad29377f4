/**
 * Parses a Job of a flow, cut down to what the rules read.
 *
 * Guarantees: the counters of a Job are not read. Only its conditions say that it has ended.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions
 */

import {
  type Fields,
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalString,
  takeOptionalTime,
} from '../../kube/fields.ts';
import { annotation, label } from '../state/names.ts';
import type { JobOutcome, JobView } from '../state/snapshot.ts';
import { isSet } from './parseJobFlow.ts';
import { labelsOf, type Owned, parseOwned } from './parseOwned.ts';

/** A Job as it is watched: whose it is, is decided with the flow at hand. */
export interface WatchedJob extends Omit<JobView, 'isOurs'>, Owned {}

export function parseJob(input: unknown): WatchedJob {
  const object = takeFields(input, 'job');
  const metadata = takeFields(object['metadata'], 'metadata');
  const labels = labelsOf(metadata);
  const attempt = Number(takeOptionalString(labels, label.attempt, 'metadata.labels') ?? '0');
  return {
    ...parseOwned(metadata),
    step: takeOptionalString(labels, label.step, 'metadata.labels') ?? '',
    attempt: Number.isSafeInteger(attempt) ? attempt : 0,
    terminating: isSet(metadata['deletionTimestamp']),
    ...holdOf(metadata, takeOptionalFields(object, 'spec', 'job') ?? {}),
    outcome: outcomeOf(takeOptionalFields(object, 'status', 'job') ?? {}),
  };
}

export function toJobView({ namespace: _, flow: __, ownerUid, ...job }: WatchedJob, flowUid: string): JobView {
  return { ...job, isOurs: ownerUid === flowUid };
}

/** Present only where it is suspended. */
function holdOf(metadata: Fields, spec: Fields): Pick<JobView, 'suspended' | 'held'> {
  if (spec['suspend'] !== true) return {};
  const annotations = takeOptionalFields(metadata, 'annotations', 'metadata') ?? {};
  const held = annotations[annotation.held];
  return { suspended: true, ...((held === 'once' || held === 'suspend') && { held }) };
}

function outcomeOf(status: Fields): JobOutcome | null {
  for (const each of takeList(status, 'conditions', 'status')) {
    const condition = takeFields(each, 'status.conditions[]');
    const type = takeOptionalString(condition, 'type', 'status.conditions[]');
    if ((type !== 'Complete' && type !== 'Failed') || condition['status'] !== 'True') continue;
    return {
      kind: type,
      reason: takeOptionalString(condition, 'reason', 'status.conditions[]') ?? '',
      at: takeOptionalTime(condition, 'lastTransitionTime', 'status.conditions[]') ?? 0,
    };
  }
  return null;
}
