/** Says in a few words what a flow waits for: `status.waiting`, and a column of `zen-flow list`. */

import type { FlowSpec } from '../spec/flowSpec.ts';
import type { StepPhase } from '../state/record.ts';

interface Waiting {
  readonly name: string;
  readonly phase: StepPhase;
  readonly reason: string | null;
}

/** What a column has room for. */
const MAX_LENGTH = 256;

/** Null where only its own Jobs are waited for. `steps`: of the record, or of the status. */
export function waitingFor({ policy }: FlowSpec, steps: readonly Waiting[]): string | null {
  if (steps.some(({ reason }) => reason === 'Group')) return `its turn in group ${policy.concurrencyKey}`;
  const unmade = steps.filter(({ reason }) => reason === 'Quota').map(({ name }) => name);
  if (unmade.length > 0) return `the API server to take ${unmade.join(', ')}`.slice(0, MAX_LENGTH);
  const asked = steps.filter(({ phase }) => phase === 'PendingApproval').map(({ name }) => name);
  return asked.length === 0 ? null : `approval of ${asked.join(', ')}`.slice(0, MAX_LENGTH);
}
