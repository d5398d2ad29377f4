/**
 * The schema of `executionPolicy.podFailurePolicy`: that of a Job of batch/v1.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
 */

import { limits } from '../../../lib/flow/spec/limits.ts';
import {
  conditionStatuses,
  exitCodeOperators,
  podFailureActions,
} from '../../../lib/flow/spec/readPodFailurePolicy.ts';
import { choice, described, list, object, text } from './schema.ts';

const onExitCodes = object(
  {
    containerName: described('Of this container alone; without it, of each one.', text(limits.containerName)),
    operator: described('Whether the exit code is one of the values.', choice(exitCodeOperators)),
    values: described(
      'Exit codes in order, each once.',
      list({ type: 'integer', format: 'int32' }, limits.exitCodes, { minItems: 1 }),
    ),
  },
  { required: ['operator', 'values'] },
);

const onPodConditions = list(
  object(
    {
      type: described('The condition of the pod, as DisruptionTarget.', text(limits.conditionType, { minLength: 1 })),
      status: described('What it says; True without it.', choice(conditionStatuses)),
    },
    { required: ['type'] },
  ),
  limits.podFailureRules,
);

const rule = object(
  {
    action: described(
      'FailJob fails the Job, FailIndex the item, Ignore and Count the pod without and with backoffLimit.',
      choice(podFailureActions),
    ),
    onExitCodes: described('Exit codes that it is for.', onExitCodes),
    onPodConditions: described('Conditions of a pod that it is for, instead of exit codes.', onPodConditions),
  },
  { required: ['action'] },
);

export const podFailurePolicySchema = object({
  rules: described('The first that fits a failed pod counts.', list(rule, limits.podFailureRules)),
});
