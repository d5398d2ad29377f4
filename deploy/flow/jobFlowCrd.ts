/**
 * The CustomResourceDefinition of JobFlow, as an object.
 *
 * Guarantees: the same fields, bounds and defaults as lib/flow reads; a test compares.
 * It has one CEL rule, and none over steps. Rules and lists of type map are paid again with every
 * write of the status: with 100 steps 86 to 103 ms of the API server instead of 35 to 66.
 * Source: https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints
 */

import { limits } from '../../lib/flow/spec/limits.ts';
import { GROUP } from '../../lib/flow/state/names.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = (maxLength: number, more: Schema = {}): Schema => ({ type: 'string', maxLength, ...more });
const choice = (values: readonly string[], more: Schema = {}): Schema => ({ type: 'string', enum: values, ...more });
const integer = (minimum: number, maximum: number, more: Schema = {}): Schema => ({
  type: 'integer',
  minimum,
  maximum,
  ...more,
});
const flag = (more: Schema = {}): Schema => ({ type: 'boolean', ...more });
const list = (items: Schema, maxItems: number, more: Schema = {}): Schema => ({
  type: 'array',
  'x-kubernetes-list-type': 'atomic',
  maxItems,
  items,
  ...more,
});
const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
});

/** As lib/flow reads it. https://pkg.go.dev/time#ParseDuration */
const span = text(40, { pattern: '^(0|([0-9]{1,9}([.][0-9]{1,9})?(ms|s|m|h))+)$' });
const name = text(limits.name, { minLength: 1, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' });
const seconds = (minimum: number, more: Schema = {}) => integer(minimum, limits.int32, more);
const reference = text(limits.reference, { minLength: 1 });
const parameterName = text(63, { pattern: '^[A-Za-z][A-Za-z0-9_-]*$' });
const date: Schema = { type: 'string', format: 'date-time' };

/** The API server checks the Job when it is made. Its schema here would be larger than all else. */
const job: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const retryPolicy = object({
  limit: integer(0, limits.retries, { default: 3 }),
  backoff: object(
    {
      type: choice(['Exponential', 'Linear', 'Fixed'], { default: 'Exponential' }),
      duration: { ...span, default: '1s' },
      factor: { type: 'number', minimum: 1, default: 2 },
      maxDuration: { ...span, default: '5m' },
    },
    { default: {} },
  ),
  when: text(limits.condition),
});

const approvers = list(text(253, { minLength: 1 }), limits.approvers);

const approval = object({
  users: approvers,
  groups: approvers,
  notInitiator: flag({ default: false }),
  timeoutSeconds: seconds(1),
  onTimeout: choice(['Reject', 'Approve', 'Skip'], { default: 'Reject' }),
});

const key = object({ name: reference, key: reference }, { required: ['name', 'key'] });

/** lib/flow refuses them, with the way to do it. The API server would drop them unsaid. */
const refused = { http: job, s3: job, archive: job };
const folder = text(limits.reference, { pattern: '^/[^:]+$' });

const inputs = object({
  artifacts: list(
    object({ name, path: folder, from: reference, volumeClaim: name, ...refused }, { required: ['name', 'path'] }),
    limits.inputs,
  ),
  parameters: list(
    object(
      {
        name: parameterName,
        value: text(limits.parameterLength),
        valueFrom: object({
          jsonPath: reference,
          output: object({ step: name, name: parameterName }, { required: ['step', 'name'] }),
          configMapKeyRef: key,
          secretKeyRef: key,
        }),
      },
      { required: ['name'] },
    ),
    limits.inputs,
  ),
});

const outputs = object({
  artifacts: list(
    object({ name, path: folder, volumeClaim: name, ...refused }, { required: ['name', 'path'] }),
    limits.outputs,
  ),
  parameters: list(
    object(
      {
        name: parameterName,
        valueFrom: object({
          jsonPath: reference,
          terminationMessage: object({ container: reference, jsonPath: reference }),
          configMapKeyRef: key,
        }),
      },
      { required: ['name', 'valueFrom'] },
    ),
    limits.outputs,
  ),
});

const forEach = object({
  items: list({ type: 'string', maxLength: limits.itemBytes }, limits.items),
  from: text(limits.condition),
  parallelism: integer(1, limits.items, { default: 64 }),
  maxFailed: integer(0, limits.items),
});

export const stepSchema = object(
  {
    name,
    type: choice(['Job', 'Manual'], { default: 'Job' }),
    message: text(limits.message),
    template: job,
    templateRef: name,
    dependencies: list(name, limits.dependencies),
    when: text(limits.condition),
    retryPolicy,
    timeoutSeconds: seconds(1),
    continueOnFailure: flag({ default: false }),
    approval,
    inputs,
    outputs,
    forEach,
    memoize: object({ key: text(limits.condition), ttlSeconds: seconds(1) }),
    once: flag({ default: false }),
  },
  { required: ['name'] },
);

const executionPolicy = object(
  {
    backoffLimit: seconds(0, { default: 6 }),
    activeDeadlineSeconds: seconds(1),
    finallyDeadlineSeconds: seconds(1, { default: 3_600 }),
    onFailure: choice(['Drain', 'Cancel'], { default: 'Drain' }),
    retainJobs: choice(['All', 'Failed', 'None'], { default: 'All' }),
    ttlSecondsAfterFinished: seconds(0, { default: 86_400 }),
    podFailurePolicy: job,
    concurrencyKey: text(limits.concurrencyKey, { minLength: 1 }),
    concurrencyPolicy: choice(['Allow', 'Forbid', 'Replace'], { default: 'Forbid' }),
  },
  { default: {} },
);

export const specSchema = object(
  {
    steps: list(stepSchema, limits.steps, { minItems: 1 }),
    finally: list(stepSchema, limits.finally),
    templates: list(object({ name, template: job }, { required: ['name', 'template'] }), limits.templates),
    parameters: {
      type: 'object',
      'x-kubernetes-map-type': 'atomic',
      maxProperties: limits.parameters,
      additionalProperties: text(limits.parameterLength),
    },
    parallelism: integer(1, limits.parallelism, { default: 64 }),
    suspend: flag({ default: false }),
    suspendJobs: flag({ default: false }),
    shutdown: choice(['Stop', 'Terminate']),
    executionPolicy,
    resourceTemplates: object({
      volumeClaimTemplates: list(job, limits.resourceTemplates),
      configMapTemplates: list(job, limits.resourceTemplates),
    }),
  },
  { required: ['steps'] },
);

/** A view: the record is the truth (docs/decisions/flows.md#the-record). */
const statusSchema = object({
  phase: choice(['Pending', 'Running', 'Paused', 'Suspended', 'Finalizing', 'Succeeded', 'Failed']),
  reason: text(64),
  startTime: date,
  completionTime: date,
  estimatedCompletionTime: date,
  observedGeneration: { type: 'integer', format: 'int64' },
  recordRevision: { type: 'integer', format: 'int64' },
  audit: object({ initiatedBy: text(256) }),
  resourceRefs: list(object({ kind: text(63), name: text(253) }), 2 * limits.resourceTemplates),
  summary: text(32),
  waiting: text(256),
  running: text(128),
  retries: integer(0, limits.int32),
  progress: object({
    completedSteps: integer(0, limits.int32),
    totalSteps: integer(0, limits.int32),
    successfulSteps: integer(0, limits.int32),
    failedSteps: integer(0, limits.int32),
  }),
  conditions: list(
    object(
      {
        type: text(64),
        status: choice(['True', 'False', 'Unknown']),
        reason: text(64),
        message: text(1_024),
        lastTransitionTime: date,
        observedGeneration: { type: 'integer', format: 'int64' },
      },
      { required: ['type', 'status'] },
    ),
    16,
  ),
  steps: list(
    object(
      {
        name: text(limits.name),
        phase: choice(['Pending', 'PendingApproval', 'Running', 'Succeeded', 'Failed', 'Skipped']),
        reason: text(64),
        startTime: date,
        completionTime: date,
        jobRef: object({ name: text(63), uid: text(64) }),
        retryCount: integer(0, limits.int32),
        exitCode: { type: 'integer' },
        message: text(256),
        retryAt: date,
        approvedBy: text(253),
        outputs: object({
          parameters: list(object({ name: text(63), value: text(limits.parameterLength) }), limits.outputs),
        }),
      },
      { required: ['name', 'phase'] },
    ),
    limits.steps + limits.finally,
  ),
});

export const jobFlowCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `jobflows.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      plural: 'jobflows',
      singular: 'jobflow',
      kind: 'JobFlow',
      listKind: 'JobFlowList',
      shortNames: ['jf', 'flow'],
      categories: ['all'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Progress', type: 'string', jsonPath: '.status.summary' },
          { name: 'Waiting', type: 'string', jsonPath: '.status.waiting' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'Failed', type: 'integer', jsonPath: '.status.progress.failedSteps', priority: 1 },
          { name: 'Retries', type: 'integer', jsonPath: '.status.retries', priority: 1 },
          { name: 'Step', type: 'string', jsonPath: '.status.running', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: object(
            {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: specSchema,
              status: statusSchema,
            },
            {
              required: ['spec'],
              'x-kubernetes-validations': [
                {
                  rule: 'self.metadata.name.size() <= 63',
                  message: 'metadata.name may have 63 characters, because it is a label',
                },
              ],
            },
          ),
        },
      },
    ],
  },
} as const;
