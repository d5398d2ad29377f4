/**
 * Reads `spec` of a JobFlowSchedule, with its defaults.
 *
 * Guarantees: what it returns stays within the bounds of the CRD. `problems` lists everything that
 * does not, a cron expression that cannot be read among it. With an error nothing starts.
 * Does not guarantee that the steps of the template fit together (checkScheduleObject.ts).
 */

import { MAX_CRON, MAX_ZONE, parseCron } from '../../cron/parseCron.ts';
import { findTooDeep } from '../spec/depth.ts';
import { type FieldReader, isObject, readFields } from '../spec/fieldReader.ts';
import type { JsonObject, Problem } from '../spec/flowSpec.ts';
import { limits } from '../spec/limits.ts';
import { GROUP } from '../state/names.ts';
import type { FlowTemplate, ScheduleSpec } from './scheduleView.ts';

export interface ScheduleRead {
  readonly spec: ScheduleSpec;
  readonly problems: readonly Problem[];
}

const LABELS = { entries: 64, valueBytes: 63 } as const;
const ANNOTATIONS = { entries: 64, valueBytes: 4_096 } as const;

/** What a CronJob, and a CronWorkflow of Argo, call otherwise. */
const hints = {
  timezone: 'is spec.timeZone here',
  schedules: 'is no list here: make a JobFlowSchedule for each',
  jobTemplate: 'is spec.jobFlowTemplate here, with the spec of a JobFlow',
  workflowSpec: 'is spec.jobFlowTemplate.spec here, with the spec of a JobFlow',
} as const;

/** Of a spec that is nested too deep nothing is read. */
export function readSchedule(value: unknown): ScheduleRead {
  const tooDeep = findTooDeep(value, 'spec');
  if (tooDeep !== null) return { spec: readBounded({}).spec, problems: [tooDeep] };
  return readBounded(value);
}

function readBounded(value: unknown): ScheduleRead {
  const problems: Problem[] = [];
  const fields = readFields(value, 'spec', problems);
  const limit = (key: string, otherwise: number) => fields.integer(key, { min: 0, max: limits.history }) ?? otherwise;
  const seconds = fields.integer('startingDeadlineSeconds', { min: 0, max: limits.int32 });
  const schedule = fields.text('schedule', MAX_CRON);
  const timeZone = fields.text('timeZone', MAX_ZONE) ?? 'UTC';
  const spec: ScheduleSpec = {
    schedule: schedule ?? '',
    timeZone,
    suspend: fields.flag('suspend'),
    concurrencyPolicy: fields.choice('concurrencyPolicy', ['Allow', 'Forbid', 'Replace']) ?? 'Allow',
    startingDeadlineMs: seconds === null ? null : seconds * 1_000,
    successfulLimit: limit('successfulJobsHistoryLimit', 3),
    failedLimit: limit('failedJobsHistoryLimit', 1),
    template: readTemplate(fields),
  };
  if (!fields.has('schedule')) fields.fault('schedule', 'is missing');
  else if (schedule !== null) {
    const read = parseCron(schedule, timeZone);
    if (read.kind === 'problem') fields.fault(read.field, read.message);
  }
  fields.end(hints);
  return { spec, problems };
}

function readTemplate(spec: FieldReader): FlowTemplate {
  const fields = spec.fields('jobFlowTemplate');
  if (fields === null) {
    spec.fault('jobFlowTemplate', 'is missing');
    return { labels: {}, annotations: {}, spec: {} };
  }
  const metadata = fields.fields('metadata');
  const read = {
    labels: metadata?.textMap('labels', LABELS) ?? {},
    annotations: metadata?.textMap('annotations', ANNOTATIONS) ?? {},
    spec: fields.object('spec') ?? noSpec(fields),
  };
  for (const key of ['labels', 'annotations'] as const) {
    // An approval in advance, or the name of an initiator, would be a lie.
    for (const name of Object.keys(read[key]).filter((each) => each.includes(`${GROUP}/`)))
      metadata?.fault(`${key}.${name}`, 'is written by zen-flow, or asked of one flow that runs');
  }
  metadata?.end({ name: 'is the name of the schedule and the minute', namespace: 'is that of the schedule' });
  fields.end();
  return read;
}

function noSpec(fields: FieldReader): JsonObject {
  if (!fields.has('spec')) fields.fault('spec', 'is missing');
  return {};
}

/** The spec of the JobFlow in a JobFlowSchedule, which may be anything. */
export function templateSpecOf(object: JsonObject): unknown {
  const { spec } = object;
  const template = isObject(spec) ? spec['jobFlowTemplate'] : undefined;
  return isObject(template) ? template['spec'] : undefined;
}
