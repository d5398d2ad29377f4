/** What the conditions of a flow may name, and the values that they find. */

import type { ConditionValues } from '../../../lib/expression/condition.ts';
import type { ConditionScope } from '../../../lib/expression/scope.ts';

export const scope: ConditionScope = {
  steps: new Set(['build', 'unit-tests']),
  allSteps: new Set(['build', 'unit-tests', 'deploy']),
  parameters: new Set(['region', 'dry-run']),
  outputs: new Map([['build', ['tag', 'files']]]),
  isRetry: false,
};

export const values: ConditionValues = {
  flow: { name: 'nightly', namespace: 'data' },
  parameters: { region: 'eu-west', 'dry-run': 'no' },
  steps: {
    build: { phase: 'Succeeded', reason: '', exitCode: 0, attempts: 1, outputs: { tag: 'v1' } },
    'unit-tests': { phase: 'Failed', reason: 'JobFailed', exitCode: 3, attempts: 2, outputs: {} },
  },
  ended: { exitCode: 137, reason: 'JobFailed', attempt: 2 },
};
