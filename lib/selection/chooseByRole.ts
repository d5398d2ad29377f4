/**
 * chooseByRole: follows the election of the application itself.
 * docs/reference/annotations.md#role-checks
 *
 * The pod that says that it is the primary leads. Neither strategy nor pin nor a wait plays a part.
 *
 * Guarantees: pure. A leader that has said nothing yet stays (S11). While two pods say that they
 * are the primary, the leader does not go to and fro between them. No pod is elected that does not
 * say so.
 */

import { type Choice, type ChoiceInput, canBeKept, whyNobody } from './choose.ts';
import { judgedFrom, whyUnfit } from './fitness.ts';
import type { Candidate } from './snapshot.ts';
import { byCreation } from './strategy.ts';

export function chooseByRole(input: ChoiceInput, incumbent: Candidate | null, now: number): Choice {
  const fit = input.candidates.filter((pod) => whyUnfit(pod, input.rules) === null);
  const isFit = incumbent !== null && fit.includes(incumbent);
  // A check that cannot be read in all its parts moves no leader.
  const isHeard = incumbent?.health !== undefined && !input.hasUnreadableCheck;
  if (isFit && (!isHeard || isPrimary(incumbent))) return { outcome: 'kept', reason: 'LeaderFit', pod: incumbent };

  const [claimant] = claimantsAmong(fit).toSorted(
    // Two newest claims of one instant must not depend on the order of the list.
    (a, b) => judgedFrom(b, now) - judgedFrom(a, now) || byCreation(a, b),
  );
  if (claimant !== undefined) return { outcome: 'elected', reason: 'RoleTaken', pod: claimant };
  if (isFit && !isWithoutPrimary(fit)) return { outcome: 'kept', reason: 'LeaderFit', pod: incumbent };
  if (input.settings.noLeader === 'hold' && incumbent !== null) {
    if (isFit) return { outcome: 'kept', reason: 'NoPrimary', pod: incumbent };
    if (whyUnfit(incumbent, input.rules) === 'notReady' && canBeKept(incumbent, input))
      return { outcome: 'kept', reason: 'Held', pod: incumbent };
  }
  return { outcome: 'lost', reason: fit.length === 0 ? whyNobody(input) : 'NoPrimary', pod: null };
}

/** The pods that say that they are the primary, among those that are fit. */
export function claimantsAmong(fit: readonly Candidate[]): readonly Candidate[] {
  return fit.filter(isPrimary);
}

function isPrimary({ health }: Candidate): boolean {
  return health?.verdict === 'passing' && health.role === 'primary';
}

/**
 * Every pod has been asked, and one at least has answered. A pod that was not asked may be the
 * primary. Where none answers, the check is wrong, or the way to the pods is cut.
 */
function isWithoutPrimary(fit: readonly Candidate[]): boolean {
  return fit.every(({ health }) => health !== undefined) && fit.some(({ health }) => health?.role !== undefined);
}
