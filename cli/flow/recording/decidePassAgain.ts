/**
 * Decides a recorded pass over a flow by today's rules, and finds where that differs from the
 * recorded decision. Pure.
 *
 * Guarantees: with the same rules nothing differs. Null where the recording lacks what the decision
 * has to read.
 * Does not compare `recheckAfterMs`, which also depends on what was written.
 */

import { advance, type Decision } from '../../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../../lib/flow/engine/progress.ts';
import type { RecordedPass } from '../../../lib/recording/parseFlowLine.ts';

/** What a decision and a recorded reply have in common. */
export interface PassOutcome {
  readonly decision: Decision['kind'];
  readonly phase: string | null;
  readonly reason: string | null;
  readonly changes: readonly (Omit<StepChange, 'reason'> & { readonly reason: string | null })[];
}

export interface ReplayedPass {
  readonly pass: RecordedPass;
  /** Today's decision. */
  readonly today: PassOutcome | null;
  /** Null where either is missing. */
  readonly differs: boolean | null;
}

export function decidePassAgain(pass: RecordedPass): ReplayedPass {
  const { snapshot, recorded, at } = pass;
  if (snapshot === null) return { pass, today: null, differs: null };
  const { kind, phase, reason, changes, reads, needsRead } = advance(snapshot, at);
  if (reads.length > 0 || needsRead) return { pass, today: null, differs: null };
  const today = { decision: kind, phase, reason, changes };
  return { pass, today, differs: recorded === null ? null : toText(today) !== toText(recorded) };
}

/** What to show: today's decision where there is one, else the recorded. */
export function passOutcomeOf({ today, pass }: ReplayedPass): PassOutcome | null {
  return today ?? pass.recorded;
}

function toText({ decision, phase, reason, changes }: PassOutcome): string {
  const rows = changes.map((each) => [each.step, each.from, each.to, each.reason, each.attempt]);
  return JSON.stringify([decision, phase, reason, rows]);
}
