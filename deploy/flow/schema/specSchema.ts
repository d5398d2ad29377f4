/**
 * The schema of `spec` of a JobFlow.
 *
 * Guarantees: the same fields, bounds and defaults as lib/flow reads; a test compares.
 */

import { limits } from '../../../lib/flow/spec/limits.ts';
import { podFailurePolicySchema } from './podFailurePolicySchema.ts';
import { anything, choice, described, flag, integer, list, map, object, text } from './schema.ts';
import { name, seconds, stepSchema } from './stepSchema.ts';

const executionPolicy = object(
  {
    backoffLimit: described('Retries of all steps together.', seconds(0, { default: 6 })),
    activeDeadlineSeconds: described(
      'Seconds for the flow without finally and without suspended time; without it, no deadline.',
      seconds(1),
    ),
    finallyDeadlineSeconds: described('Seconds for finally.', seconds(1, { default: 3_600 })),
    onFailure: described(
      'After a failure, Drain lets running steps end, and Cancel ends them.',
      choice(['Drain', 'Cancel'], { default: 'Drain' }),
    ),
    retainJobs: described(
      'Which ended Jobs stay; the others are deleted after five minutes.',
      choice(['All', 'Failed', 'None'], { default: 'All' }),
    ),
    ttlSecondsAfterFinished: described('Seconds until an ended flow is deleted.', seconds(0, { default: 86_400 })),
    podFailurePolicy: described('The podFailurePolicy of each Job that has none.', podFailurePolicySchema),
    concurrencyKey: described(
      'Flows of one key in a namespace are a group, of which one runs at a time.',
      text(limits.concurrencyKey, { minLength: 1 }),
    ),
    concurrencyPolicy: described(
      'Forbid waits for the flow of the group that runs, Replace terminates it, Allow runs beside it.',
      choice(['Allow', 'Forbid', 'Replace'], { default: 'Forbid' }),
    ),
  },
  { default: {} },
);

export const specSchema = object(
  {
    steps: described(
      'The graph; the order in the list means nothing.',
      list(stepSchema, limits.steps, { minItems: 1 }),
    ),
    finally: described('Runs after the last step, however that ended.', list(stepSchema, limits.finally)),
    templates: described(
      'Jobs that several steps share by templateRef.',
      list(
        object(
          {
            name: described('Name of the template; a-z, 0-9 and -.', name),
            template: described('A Job of batch/v1.', anything),
          },
          { required: ['name', 'template'] },
        ),
        limits.templates,
      ),
    ),
    parameters: described(
      `Texts by name, as \${parameters.NAME} in Jobs and params.NAME in conditions.`,
      map(text(limits.parameterBytes), limits.parameters, { 'x-kubernetes-map-type': 'atomic' }),
    ),
    parallelism: described('Steps that run at once.', integer(1, limits.parallelism, { default: 64 })),
    suspend: described('Starts nothing for now.', flag({ default: false })),
    suspendJobs: described('While suspended, running Jobs are suspended too.', flag({ default: false })),
    shutdown: described(
      'Stop starts nothing more, Terminate also ends what runs; finally runs after both.',
      choice(['Stop', 'Terminate']),
    ),
    executionPolicy: described('Deadlines, failures, retention and groups.', executionPolicy),
    resourceTemplates: described(
      'Objects that the flow owns, made before the first Job that names one.',
      object({
        volumeClaimTemplates: described('PersistentVolumeClaims.', list(anything, limits.resourceTemplates)),
        configMapTemplates: described('ConfigMaps.', list(anything, limits.resourceTemplates)),
      }),
    ),
  },
  { required: ['steps'] },
);
