/**
 * Reads `spec` of a JobFlow, with its defaults.
 *
 * Guarantees: what it returns stays within the bounds of the CRD. `problems` lists everything that
 * does not; with an error among them nothing may run.
 * Does not guarantee that the steps fit together (validate.ts).
 */

import { findTooDeep } from './depth.ts';
import { type FieldReader, readFields } from './fieldReader.ts';
import type { Approval, ExecutionPolicy, FlowSpec, Problem, RetryPolicy, Step } from './flowSpec.ts';
import { limits } from './limits.ts';
import { readForEach, readInputs, readMemoize, readOutputs } from './readData.ts';
import { readPodFailurePolicy } from './readPodFailurePolicy.ts';
import { readResources } from './readResources.ts';

export interface SpecRead {
  readonly spec: FlowSpec;
  readonly problems: readonly Problem[];
}

const inStep = 'is not supported: the Go zen-flow runs it on the controller. Do it in the step, or in an initContainer';

/** Of a spec that is nested too deep nothing is read. */
export function readSpec(value: unknown): SpecRead {
  const tooDeep = findTooDeep(value, 'spec');
  if (tooDeep !== null) return { spec: readBounded({}).spec, problems: [tooDeep] };
  return readBounded(value);
}

function readBounded(value: unknown): SpecRead {
  const problems: Problem[] = [];
  const fields = readFields(value, 'spec', problems);
  const spec: FlowSpec = {
    steps: fields.list('steps', { min: 1, max: limits.steps }).map(readStep),
    finally: fields.list('finally', { min: 0, max: limits.finally }).map(readStep),
    templates: fields.list('templates', { min: 0, max: limits.templates }).map((template) => {
      const read = { name: template.text('name', limits.name) ?? '', template: template.object('template') ?? {} };
      template.end();
      return read;
    }),
    parameters: fields.textMap('parameters', { entries: limits.parameters, valueBytes: limits.parameterBytes }),
    parallelism: fields.integer('parallelism', { min: 1, max: limits.parallelism }) ?? 64,
    suspend: fields.flag('suspend'),
    shutdown: fields.choice('shutdown', ['Stop', 'Terminate']),
    suspendJobs: fields.flag('suspendJobs'),
    policy: readPolicy(fields.fields('executionPolicy') ?? readFields({}, 'spec.executionPolicy', problems)),
    resources: readResources(fields.fields('resourceTemplates')),
  };
  fields.end();
  return { spec, problems };
}

function readPolicy(fields: FieldReader): ExecutionPolicy {
  const seconds = (key: string, min: number) => {
    const value = fields.integer(key, { min, max: limits.int32 });
    return value === null ? null : value * 1_000;
  };
  const policy: ExecutionPolicy = {
    backoffLimit: fields.integer('backoffLimit', { min: 0, max: limits.int32 }) ?? 6,
    activeDeadlineMs: seconds('activeDeadlineSeconds', 1),
    finallyDeadlineMs: seconds('finallyDeadlineSeconds', 1) ?? 3_600_000,
    onFailure: fields.choice('onFailure', ['Drain', 'Cancel']) ?? 'Drain',
    retainJobs: fields.choice('retainJobs', ['All', 'Failed', 'None']) ?? 'All',
    ttlMs: seconds('ttlSecondsAfterFinished', 0) ?? 86_400_000,
    podFailurePolicy: readPodFailurePolicy(fields),
    concurrencyKey: fields.text('concurrencyKey', limits.concurrencyKey),
    concurrencyPolicy: fields.choice('concurrencyPolicy', ['Allow', 'Forbid', 'Replace']) ?? 'Forbid',
  };
  if (policy.concurrencyKey === '') fields.fault('concurrencyKey', 'is empty');
  fields.end();
  return policy;
}

function readStep(fields: FieldReader): Step {
  const timeout = fields.integer('timeoutSeconds', { min: 1, max: limits.int32 });
  const step: Step = {
    name: fields.text('name', limits.name) ?? '',
    type: fields.choice('type', ['Job', 'Manual']) ?? 'Job',
    message: fields.text('message', limits.message),
    template: fields.object('template'),
    templateRef: fields.text('templateRef', limits.name),
    dependencies: fields.texts('dependencies', limits.dependencies),
    // The zero value of the Go zen-flow, which means no condition.
    when: fields.text('when', limits.condition) || null,
    retry: readRetry(fields.fields('retryPolicy')),
    timeoutMs: timeout === null ? null : timeout * 1_000,
    continueOnFailure: fields.flag('continueOnFailure'),
    approval: readApproval(fields),
    ...readInputs(fields.fields('inputs')),
    ...readOutputs(fields.fields('outputs')),
    forEach: readForEach(fields.fields('forEach')),
    memoize: readMemoize(fields.fields('memoize')),
    once: fields.flag('once'),
  };
  if (step.type === 'Job' && fields.has('approval'))
    fields.fault('approval', 'is for a Manual step alone: this one would run unasked. Put a Manual step before it');
  fields.end({ artifacts: inStep });
  return step;
}

function readRetry(fields: FieldReader | null): RetryPolicy | null {
  if (fields === null) return null;
  const backoff = fields.fields('backoff');
  const retry: RetryPolicy = {
    limit: fields.integer('limit', { min: 0, max: limits.retries }) ?? 3,
    type: backoff?.choice('type', ['Exponential', 'Linear', 'Fixed']) ?? 'Exponential',
    delayMs: backoff?.span('duration') ?? 1_000,
    factor: backoff?.number('factor', 1) ?? 2,
    maxDelayMs: backoff?.span('maxDuration') ?? 300_000,
    when: fields.text('when', limits.condition),
  };
  backoff?.end();
  fields.end();
  return retry;
}

function readApproval(step: FieldReader): Approval {
  const fields = step.fields('approval');
  if (fields === null) return { users: [], groups: [], notInitiator: false, timeoutMs: null, onTimeout: 'Reject' };
  const timeout = fields.integer('timeoutSeconds', { min: 1, max: limits.int32 });
  const approval: Approval = {
    users: fields.texts('users', limits.approvers),
    groups: fields.texts('groups', limits.approvers),
    notInitiator: fields.flag('notInitiator'),
    timeoutMs: timeout === null ? null : timeout * 1_000,
    onTimeout: fields.choice('onTimeout', ['Reject', 'Approve', 'Skip']) ?? 'Reject',
  };
  fields.end();
  return approval;
}
