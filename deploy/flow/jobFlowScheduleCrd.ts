/**
 * The CustomResourceDefinition of JobFlowSchedule, as an object.
 *
 * Guarantees: the same fields, bounds and defaults as lib/flow reads; a test compares. The flow in
 * it has the schema of a JobFlow, so that a typing error is refused before its first night.
 */

import { MAX_CRON, MAX_ZONE } from '../../lib/cron/parseCron.ts';
import { limits } from '../../lib/flow/spec/limits.ts';
import { GROUP } from '../../lib/flow/state/names.ts';
import { withBounds } from './schema/bounds.ts';
import {
  choice,
  date,
  described,
  flag,
  integer,
  kindOf,
  list,
  map,
  object,
  revision,
  type Schema,
  text,
} from './schema/schema.ts';
import { specSchema } from './schema/specSchema.ts';
import { conditionOf } from './schema/statusSchema.ts';

const count = (most: number, more: Schema = {}) => integer(0, most, more);

const scheduleSpecSchema = object(
  {
    schedule: described('A cron expression of five fields, or @daily and the like.', text(MAX_CRON, { minLength: 1 })),
    timeZone: described('Of the IANA database, as Europe/Berlin.', text(MAX_ZONE, { minLength: 1, default: 'UTC' })),
    suspend: described('Starts nothing; the latest time that was missed starts afterwards.', flag({ default: false })),
    concurrencyPolicy: described(
      'Allow runs flows beside each other, Forbid waits for the one that runs, Replace terminates it first.',
      choice(['Allow', 'Forbid', 'Replace'], { default: 'Allow' }),
    ),
    startingDeadlineSeconds: described(
      'Seconds after which a run is missed; without it, none is.',
      count(limits.int32),
    ),
    successfulJobsHistoryLimit: described('Flows that succeeded and are kept.', count(limits.history, { default: 3 })),
    failedJobsHistoryLimit: described('Flows that failed and are kept.', count(limits.history, { default: 1 })),
    jobFlowTemplate: described(
      'The flow that each run makes.',
      object(
        {
          metadata: described(
            'What each flow has beside its name.',
            object({
              labels: described('Labels, none of workflow.kube-zen.io.', map(text(63), 64)),
              annotations: described('Annotations, none of workflow.kube-zen.io.', map(text(4_096), 64)),
            }),
          ),
          spec: described('The spec of each flow.', specSchema),
        },
        { required: ['spec'] },
      ),
    ),
  },
  { required: ['schedule', 'jobFlowTemplate'] },
);

const statusSchema = object({
  observedGeneration: described('The metadata.generation that the status is about.', revision),
  active: described(
    'Flows that have not ended.',
    list(
      object(
        { name: described('Name of the flow.', text(63)), uid: described('Uid of the flow.', text(64)) },
        { required: ['name'] },
      ),
      limits.history,
    ),
  ),
  activeCount: described('How many flows have not ended.', count(limits.int32)),
  lastScheduleTime: described('The time that the newest flow is for.', date),
  startingTime: described('The time for which a flow is about to be made, under Forbid and Replace.', date),
  lastSuccessfulTime: described('When a flow last succeeded.', date),
  lastMissedTime: described('The last time at which a run was due and could not start.', date),
  nextScheduleTime: described('The next time; absent while it is suspended.', date),
  conditions: described('Valid and Ready.', list(conditionOf({}), 16)),
});

export const jobFlowScheduleSchema = kindOf(
  'Makes a JobFlow at each time of a cron expression.',
  {
    spec: described('When to make which flow.', scheduleSpecSchema),
    status: described('What zen-flow has seen and done.', statusSchema),
  },
  {
    required: ['spec'],
    'x-kubernetes-validations': [
      {
        rule: `self.metadata.name.size() <= ${limits.scheduleName}`,
        message: `metadata.name may have ${limits.scheduleName} characters, because a minute follows in the names of its flows`,
      },
    ],
  },
);

export const jobFlowScheduleCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `jobflowschedules.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      plural: 'jobflowschedules',
      singular: 'jobflowschedule',
      kind: 'JobFlowSchedule',
      listKind: 'JobFlowScheduleList',
      shortNames: ['jfs', 'flowschedule'],
      categories: ['all'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule' },
          { name: 'Timezone', type: 'string', jsonPath: '.spec.timeZone' },
          { name: 'Suspend', type: 'boolean', jsonPath: '.spec.suspend' },
          { name: 'Active', type: 'integer', jsonPath: '.status.activeCount' },
          { name: 'Last Schedule', type: 'date', jsonPath: '.status.lastScheduleTime' },
          { name: 'Next', type: 'string', jsonPath: '.status.nextScheduleTime', priority: 1 },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: withBounds(jobFlowScheduleSchema),
        },
      },
    ],
  },
} as const;
