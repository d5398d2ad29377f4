/** Says on what condition a step runs, and in what state it was seen, in words and as a colour. */

import type { Step } from '../../lib/flow/spec/flowSpec.ts';
import type { StepStatusView } from '../../lib/flow/state/snapshot.ts';

/** Behind black text, by phase. */
export const phaseColours: Readonly<Record<string, string>> = {
  Pending: '#e8eaed',
  PendingApproval: '#fdf0c4',
  Running: '#cfe3ff',
  Succeeded: '#cdeccf',
  Failed: '#f8cfcb',
  Skipped: '#f3f3f3',
};

/** Its phase, and why, where there is a reason. */
export function stepState({ phase, reason }: Pick<StepStatusView, 'phase' | 'reason'>): string {
  return reason === null ? phase : `${phase} ${reason}`;
}

/** `when a == b`, in one line however it was written. Null where it has no condition. */
export function stepCondition({ when }: Pick<Step, 'when'>): string | null {
  if (when === null) return null;
  const lines = when.split(/[\n\r]+/).map((line) => line.trim());
  return `when ${lines.filter((line) => line !== '').join(' ')}`;
}

/** In whole seconds, as `90s`. Null where it has not begun, or not ended. */
export function stepDuration({ startedAt, endedAt }: Pick<StepStatusView, 'startedAt' | 'endedAt'>): string | null {
  if (startedAt === null || endedAt === null) return null;
  return `${Math.max(0, Math.round((endedAt - startedAt) / 1_000))}s`;
}

/** `Failed JobFailed in 90s`. */
export function stepOutcome(seen: StepStatusView): string {
  const duration = stepDuration(seen);
  return duration === null ? stepState(seen) : `${stepState(seen)} in ${duration}`;
}
