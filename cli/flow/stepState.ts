/** Says in what state a step was seen: its phase, and why, where there is a reason. */

import type { StepStatusView } from '../../lib/flow/state/snapshot.ts';

export function stepState({ phase, reason }: Pick<StepStatusView, 'phase' | 'reason'>): string {
  return reason === null ? phase : `${phase} ${reason}`;
}
