/**
 * The schema of a step of a flow.
 *
 * Guarantees: the same fields, bounds and defaults as lib/flow reads; a test compares.
 */

import { limits } from '../../../lib/flow/spec/limits.ts';
import { anything, choice, described, flag, integer, list, object, type Schema, text } from './schema.ts';

/** As lib/flow reads it. https://pkg.go.dev/time#ParseDuration */
const span = text(40, { pattern: '^(0|([0-9]{1,9}([.][0-9]{1,9})?(ms|s|m|h))+)$' });
export const name = text(limits.name, { minLength: 1, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' });
export const seconds = (minimum: number, more: Schema = {}) => integer(minimum, limits.int32, more);
const reference = text(limits.reference, { minLength: 1 });
const parameterName = text(63, { pattern: '^[A-Za-z][A-Za-z0-9_-]*$' });
const condition = text(limits.condition);

const retryPolicy = object({
  limit: described('Attempts after the first; each is a new Job.', integer(0, limits.retries, { default: 3 })),
  backoff: described(
    'How long an attempt waits for the next one.',
    object(
      {
        type: described(
          'How the wait grows from attempt to attempt.',
          choice(['Exponential', 'Linear', 'Fixed'], { default: 'Exponential' }),
        ),
        duration: described('The first wait, as 500ms, 10s or 1m30s.', { ...span, default: '1s' }),
        factor: described('What an Exponential wait is multiplied by.', { type: 'number', minimum: 1, default: 2 }),
        maxDuration: described('The longest wait, as 10s or 5m.', { ...span, default: '5m' }),
      },
      { default: {} },
    ),
  ),
  when: described('CEL about exitCode, reason and attempt; where it is false, there is no retry.', condition),
});

const approvers = list(text(253, { minLength: 1 }), limits.approvers);

const approval = object({
  users: described('Names of users who may answer; without users and groups, each one with the right.', approvers),
  groups: described('Groups whose members may answer; the guard alone knows them.', approvers),
  notInitiator: described('The one who created the flow may not answer.', flag({ default: false })),
  timeoutSeconds: described('Seconds to wait for an answer; without it, for ever.', seconds(1)),
  onTimeout: described(
    'What counts as the answer after that time.',
    choice(['Reject', 'Approve', 'Skip'], { default: 'Reject' }),
  ),
});

const keyOf = (kind: string) =>
  object(
    {
      name: described(`Name of the ${kind}, in the namespace of the flow.`, reference),
      key: described(`Key in the ${kind}.`, reference),
    },
    { required: ['name', 'key'] },
  );

/** lib/flow refuses them, with the way to do it. The API server would drop them unsaid. */
const refused = {
  http: described('Refused; download or upload in the step.', anything),
  s3: described('Refused; download or upload in the step.', anything),
  archive: described('Refused; pack or unpack in the step.', anything),
};
const folder = described('Folder at which each container has it.', text(limits.reference, { pattern: '^/[^:]+$' }));

const inputs = object({
  artifacts: described(
    'Folders that steps before have written, to read only.',
    list(
      object(
        {
          name: described('Name of the artifact.', name),
          path: folder,
          from: described('Who has written it: STEP, or STEP/ARTIFACT.', reference),
          volumeClaim: described('The claim that it is on; without it, the one of the step that writes it.', name),
          ...refused,
        },
        { required: ['name', 'path'] },
      ),
      limits.inputs,
    ),
  ),
  parameters: described(
    'Values for the texts of the Job, and its variables PARAM_NAME.',
    list(
      object(
        {
          name: described('Name of the parameter; a letter, then letters, digits, - and _.', parameterName),
          value: described(
            'The value; along with valueFrom, the one where the source has none.',
            text(limits.parameterBytes),
          ),
          valueFrom: described(
            'Where the value comes from.',
            object({
              jsonPath: described('STEP:PATH, a path into the status of the Job of that step.', reference),
              output: described(
                'An output of a step before.',
                object(
                  {
                    step: described('Name of that step.', name),
                    name: described('Name of its output.', parameterName),
                  },
                  { required: ['step', 'name'] },
                ),
              ),
              configMapKeyRef: described(
                'A key of a ConfigMap, read when the turn of the step comes.',
                keyOf('ConfigMap'),
              ),
              secretKeyRef: described(
                'A key of a Secret, for the variable alone; zen-flow reads none.',
                keyOf('Secret'),
              ),
            }),
          ),
        },
        { required: ['name'] },
      ),
      limits.inputs,
    ),
  ),
});

const outputs = object({
  artifacts: described(
    'Folders on claims of the flow that other steps may read.',
    list(
      object(
        {
          name: described('Name of the artifact.', name),
          path: folder,
          volumeClaim: described('A template of spec.resourceTemplates.volumeClaimTemplates.', name),
          ...refused,
        },
        { required: ['name', 'path'] },
      ),
      limits.outputs,
    ),
  ),
  parameters: described(
    'Values that the step gives, 8 KiB together.',
    list(
      object(
        {
          name: described('Name of the output; a letter, then letters, digits, - and _.', parameterName),
          valueFrom: described(
            'Where the value comes from.',
            object({
              jsonPath: described('A path into the status of the Job of the step.', reference),
              terminationMessage: described(
                'What a container wrote to /dev/termination-log, up to 4 KiB.',
                object({
                  container: described('Name of the container; without it, the first one.', reference),
                  jsonPath: described('A path into the message as JSON; without it, the whole text.', reference),
                }),
              ),
              configMapKeyRef: described('A key of a ConfigMap that the step wrote.', keyOf('ConfigMap')),
            }),
          ),
        },
        { required: ['name', 'valueFrom'] },
      ),
      limits.outputs,
    ),
  ),
});

const forEach = object({
  items: described('The items, 512 KiB together.', list({ type: 'string', maxLength: limits.itemBytes }, limits.items)),
  from: described('CEL that gives the items: a list, or a text that is a JSON list.', condition),
  parallelism: described('Pods that run at once.', integer(1, limits.items, { default: 64 })),
  maxFailed: described(
    'Items that may fail; without it, none, and the others run all the same.',
    integer(0, limits.items),
  ),
});

export const stepSchema = object(
  {
    name: described('Name of the step; a-z, 0-9 and -, unique in the flow.', name),
    type: described('Job runs a Job, Manual asks a person.', choice(['Job', 'Manual'], { default: 'Job' })),
    message: described('What a Manual step asks.', text(limits.message)),
    // The API server checks the Job when it is made. Its schema here would be larger than all else.
    template: described('The Job of batch/v1 that the step runs.', anything),
    templateRef: described('Name of a Job of spec.templates, for template.', name),
    dependencies: described(
      'Steps that must have succeeded, been skipped on purpose, or failed and may.',
      list(name, limits.dependencies),
    ),
    when: described('CEL, evaluated once when the dependencies are done; false skips the step.', condition),
    retryPolicy: described(
      'Whether and when a failed attempt is followed by another; without it, by none.',
      retryPolicy,
    ),
    timeoutSeconds: described('Seconds for an attempt, as the deadline of its Job; without it, none.', seconds(1)),
    continueOnFailure: described('The flow may succeed although this step failed.', flag({ default: false })),
    approval: described('Who answers a Manual step, and by when.', approval),
    inputs: described('What the step takes from the flow and from other steps.', inputs),
    outputs: described('What the step gives to other steps.', outputs),
    forEach: described('Runs one pod for each item, as one Indexed Job.', forEach),
    memoize: described(
      'Takes the result of an earlier run with the same key, without a Job.',
      object({
        key: described('CEL that gives the key; without it, a hash of the rendered Job.', condition),
        ttlSeconds: described('Seconds for which a result counts; without it, for ever.', seconds(1)),
      }),
    ),
    once: described('Makes the Job suspended, and releases it once its uid is recorded.', flag({ default: false })),
  },
  { required: ['name'] },
);
