/**
 * Checks a JobFlowSchedule as a whole object, as a file or a request holds it: what `zen-flow lint`
 * and the webhook say.
 *
 * Guarantees: pure; never throws, whatever the object is. The flow in it is checked as a JobFlow
 * is, and its problems name their place in the schedule.
 */

import { checkFlowObject } from '../spec/checkFlowObject.ts';
import { findTooDeep } from '../spec/depth.ts';
import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec, JsonObject, Problem } from '../spec/flowSpec.ts';
import { limits } from '../spec/limits.ts';
import { API_VERSION } from '../state/names.ts';
import { readSchedule, templateSpecOf } from './readSchedule.ts';
import type { ScheduleSpec } from './scheduleView.ts';

export interface ScheduleObjectRead {
  readonly schedule: ScheduleSpec;
  /** Of its flows. */
  readonly spec: FlowSpec;
  readonly problems: readonly Problem[];
}

/** A name follows from that of the schedule. */
const identity = { apiVersion: API_VERSION, metadata: { name: 'flow' } } as const;

export function checkScheduleObject(object: JsonObject): ScheduleObjectRead {
  const { spec: schedule, problems } = readSchedule(object['spec']);
  const template = findTooDeep(object['spec'], 'spec') === null ? templateSpecOf(object) : undefined;
  const flow = checkFlowObject({ ...identity, ...(isObject(template) && { spec: template }) });
  const ofFlow = isObject(template) ? flow.problems.map(placeInSchedule) : [];
  return { schedule, spec: flow.spec, problems: [...checkIdentity(object), ...problems, ...ofFlow] };
}

/** `spec.steps[0]` is `spec.jobFlowTemplate.spec.steps[0]`. */
function placeInSchedule(problem: Problem): Problem {
  return { ...problem, path: `spec.jobFlowTemplate.${problem.path}` };
}

function checkIdentity(object: JsonObject): readonly Problem[] {
  const found: Problem[] = [];
  const { name } = isObject(object['metadata']) ? object['metadata'] : {};
  const report = (path: string, message: string) => found.push({ severity: 'error', path, message });
  if (object['apiVersion'] !== API_VERSION) report('apiVersion', `must be ${API_VERSION}`);
  if (typeof name !== 'string') report('metadata.name', 'is missing');
  else if (name.length > limits.scheduleName) {
    const why = `${limits.scheduleName} are allowed, because a minute follows in the names of its flows`;
    report('metadata.name', `has ${name.length} characters; ${why}`);
  }
  return found;
}
