/**
 * Parses a JobFlowSchedule, as a watch or a read gives it.
 *
 * Guarantees: a spec that zen-flow cannot read is no error. `problems` lists what is wrong, and
 * nothing starts. A status that cannot be read counts as none.
 */

import { takeFields, takeOptionalTime, takeString } from '../../kube/fields.ts';
import { readSchedule } from '../schedule/readSchedule.ts';
import type { ScheduleCondition, ScheduleStatus, ScheduleView } from '../schedule/scheduleView.ts';
import { instant, list, text, toLoose, whole } from './looseFields.ts';
import { isSet } from './parseJobFlow.ts';

export function parseSchedule(input: unknown): ScheduleView {
  const object = takeFields(input, 'jobflowschedule');
  const metadata = takeFields(object['metadata'], 'metadata');
  const { spec, problems } = readSchedule(object['spec']);
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    generation: typeof metadata['generation'] === 'number' ? metadata['generation'] : 0,
    terminating: isSet(metadata['deletionTimestamp']),
    createdAt: takeOptionalTime(metadata, 'creationTimestamp', 'metadata') ?? 0,
    spec,
    problems,
    status: parseScheduleStatus(object['status']),
  };
}

function parseScheduleStatus(input: unknown): ScheduleStatus | null {
  const status = toLoose(input);
  const observedGeneration = whole(status['observedGeneration']);
  if (observedGeneration === null) return null;
  return {
    observedGeneration,
    active: list(status['active']).map(({ name, uid }) => ({ name: text(name) ?? '', uid: text(uid) ?? '' })),
    activeCount: whole(status['activeCount']) ?? 0,
    lastScheduleAt: instant(status['lastScheduleTime']),
    startingAt: instant(status['startingTime']),
    lastSuccessfulAt: instant(status['lastSuccessfulTime']),
    lastMissedAt: instant(status['lastMissedTime']),
    nextScheduleAt: instant(status['nextScheduleTime']),
    conditions: list(status['conditions']).map(
      ({ type, status: is, reason, message, lastTransitionTime }): ScheduleCondition => ({
        type: type === 'Valid' ? 'Valid' : 'Ready',
        status: is === 'True' ? 'True' : 'False',
        reason: text(reason) ?? '',
        message: text(message) ?? '',
        lastTransitionAt: instant(lastTransitionTime) ?? 0,
      }),
    ),
  };
}
