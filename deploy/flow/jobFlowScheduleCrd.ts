/**
 * The CustomResourceDefinition of JobFlowSchedule, as an object.
 *
 * Guarantees: the same fields, bounds and defaults as lib/flow reads; a test compares. The flow in
 * it has the schema of a JobFlow, so that a typing error is refused before its first night.
 */

import { MAX_CRON, MAX_ZONE } from '../../lib/cron/parseCron.ts';
import { limits } from '../../lib/flow/spec/limits.ts';
import { GROUP } from '../../lib/flow/state/names.ts';
import { specSchema } from './jobFlowCrd.ts';

const date = { type: 'string', format: 'date-time' } as const;
const text = (maxLength: number) => ({ type: 'string', maxLength }) as const;
const count = (most: number) => ({ type: 'integer', minimum: 0, maximum: most }) as const;
const texts = (length: number) =>
  ({ type: 'object', maxProperties: 64, additionalProperties: { type: 'string', maxLength: length } }) as const;

export const scheduleSpecSchema = {
  type: 'object',
  required: ['schedule', 'jobFlowTemplate'],
  properties: {
    schedule: { ...text(MAX_CRON), minLength: 1 },
    timeZone: { ...text(MAX_ZONE), minLength: 1, default: 'UTC' },
    suspend: { type: 'boolean', default: false },
    concurrencyPolicy: { type: 'string', enum: ['Allow', 'Forbid', 'Replace'], default: 'Allow' },
    startingDeadlineSeconds: count(limits.int32),
    successfulJobsHistoryLimit: { ...count(limits.history), default: 3 },
    failedJobsHistoryLimit: { ...count(limits.history), default: 1 },
    jobFlowTemplate: {
      type: 'object',
      required: ['spec'],
      properties: {
        metadata: { type: 'object', properties: { labels: texts(63), annotations: texts(4_096) } },
        spec: specSchema,
      },
    },
  },
} as const;

const statusSchema = {
  type: 'object',
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    active: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      maxItems: limits.history,
      items: { type: 'object', required: ['name'], properties: { name: text(63), uid: text(64) } },
    },
    activeCount: count(limits.int32),
    lastScheduleTime: date,
    startingTime: date,
    lastSuccessfulTime: date,
    lastMissedTime: date,
    nextScheduleTime: date,
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 16,
      items: {
        type: 'object',
        required: ['type', 'status'],
        properties: {
          type: text(64),
          status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
          reason: text(64),
          message: text(1_024),
          lastTransitionTime: date,
        },
      },
    },
  },
} as const;

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
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: scheduleSpecSchema,
              status: statusSchema,
            },
            'x-kubernetes-validations': [
              {
                rule: `self.metadata.name.size() <= ${limits.scheduleName}`,
                message: `metadata.name may have ${limits.scheduleName} characters, because a minute follows in the names of its flows`,
              },
            ],
          },
        },
      },
    ],
  },
} as const;
