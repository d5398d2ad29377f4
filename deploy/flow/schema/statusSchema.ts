/** The schema of `status` of a JobFlow. */

import { limits } from '../../../lib/flow/spec/limits.ts';
import { choice, date, described, integer, list, object, revision, type Schema, text } from './schema.ts';

const count = integer(0, limits.int32);

export const conditionOf = (more: Readonly<Record<string, Schema>>): Schema =>
  object(
    {
      type: described('Type of the condition.', text(64)),
      status: described('Whether it holds.', choice(['True', 'False', 'Unknown'])),
      reason: described('Why, in one word.', text(64)),
      message: described('Why, for people.', text(1_024)),
      lastTransitionTime: described('When status last changed.', date),
      ...more,
    },
    { required: ['type', 'status'] },
  );

const condition = conditionOf({
  observedGeneration: described('The metadata.generation that it is about.', revision),
});

const step = object(
  {
    name: described('Name of the step.', text(limits.name)),
    phase: described(
      'Where the step stands.',
      choice(['Pending', 'PendingApproval', 'Running', 'Succeeded', 'Failed', 'Skipped']),
    ),
    reason: described('Why it stands there, in one word.', text(64)),
    startTime: described('When the attempt, or the wait for an approval, began.', date),
    completionTime: described('When the attempt ended, or the step was skipped.', date),
    jobRef: described(
      'The Job of the newest attempt.',
      object({
        name: described('Name of the Job.', text(63)),
        uid: described('Uid of the Job, once it is known.', text(64)),
      }),
    ),
    retryCount: described('Attempts after the first.', count),
    exitCode: described('Exit code of the attempt that ended, where it is known.', { type: 'integer' }),
    message: described('What would lead on, why it failed, or what a person is asked.', text(256)),
    retryAt: described('When the next attempt begins.', date),
    approvedBy: described('Who answered a Manual step.', text(253)),
    outputs: described(
      'What the step gave.',
      object({
        parameters: described(
          'Its outputs.',
          list(
            object({
              name: described('Name of the output.', text(63)),
              value: described('Its value.', text(limits.parameterBytes)),
            }),
            limits.outputs,
          ),
        ),
      }),
    ),
  },
  { required: ['name', 'phase'] },
);

/** A view: the record is the truth (docs/decisions/flows.md#the-record). */
export const statusSchema = object({
  phase: described(
    'Where the flow stands.',
    choice(['Pending', 'Running', 'Paused', 'Suspended', 'Finalizing', 'Succeeded', 'Failed']),
  ),
  reason: described('Why it failed, in one word.', text(64)),
  startTime: described('When the flow started.', date),
  completionTime: described('When the flow ended.', date),
  estimatedCompletionTime: described('When it may end, by the last run of the same schedule or group.', date),
  observedGeneration: described('The metadata.generation that the status is about.', revision),
  recordRevision: described('The revision of the JobFlowRecord that the status shows.', revision),
  audit: described('Who had to do with the flow.', object({ initiatedBy: described('Who created it.', text(256)) })),
  resourceRefs: described(
    'Objects of spec.resourceTemplates that steps which have begun name.',
    list(
      object({
        kind: described('PersistentVolumeClaim or ConfigMap.', text(63)),
        name: described('Name in the cluster.', text(253)),
      }),
      2 * limits.resourceTemplates,
    ),
  ),
  summary: described('Ended steps of all steps, as 3/20.', text(32)),
  waiting: described('What the flow waits for: people, its group, or the API server.', text(256)),
  running: described('Steps that run, as extract, load (+3).', text(128)),
  retries: described('Attempts after the first, of all steps.', count),
  progress: described(
    'Counts of steps, with those of finally.',
    object({
      completedSteps: described('Steps that have ended.', count),
      totalSteps: described('All steps.', count),
      successfulSteps: described('Steps that succeeded.', count),
      failedSteps: described('Steps that failed.', count),
    }),
  ),
  conditions: described(
    'Valid, Ready, Complete, Failed, Suspended, WaitingForApproval, SpecChanged.',
    list(condition, 16),
  ),
  steps: described('Each step, with those of finally.', list(step, limits.steps + limits.finally)),
});
