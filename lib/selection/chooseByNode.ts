/**
 * chooseByNode: decides whether a fit leader is left because of its node.
 * docs/reference/annotations.md#nodes
 *
 * Guarantees: pure. It never takes a leader away without another one, which is eligible and whose
 * node has less against it.
 */

import { type Choice, type ChoiceInput, selectEligible } from './choose.ts';
import type { Reason } from './decision.ts';
import { BROKEN_RANK, faultFrom, type NodeFault, nodeFaultOf, nodeRank } from './nodeFault.ts';
import type { Candidate } from './snapshot.ts';

const reasonOf: Readonly<Record<NodeFault, Reason>> = {
  silent: 'LeaderNodeSilent',
  condition: 'LeaderNodeUnfit',
  cordoned: 'LeaderNodeCordoned',
};

/** Null where the node plays no part: pin, sticky and strategy decide then. */
export function chooseByNode(incumbent: Candidate, input: ChoiceInput, now: number): Choice | null {
  const fault = faultToLeave(incumbent, input);
  if (fault === null) return null;
  const successor = selectEligible(input, now);
  if (successor === undefined || nodeRank(successor) >= nodeRank(incumbent))
    return fault === 'cordoned' ? null : { outcome: 'kept', reason: 'LeaderFit', pod: incumbent };
  const graceEndsAt = faultFrom(incumbent, now) + input.settings.failoverMinDelayMs;
  // A cordon is a plan, and no fault that may pass.
  if (fault !== 'cordoned' && now < graceEndsAt)
    return { outcome: 'kept', reason: 'FailoverDelayed', pod: incumbent, graceEndsAt };
  return { outcome: 'elected', reason: reasonOf[fault], pod: successor };
}

/** The pods that this leader would be left for once they are eligible. */
export function rivalsByNode(incumbent: Candidate, input: ChoiceInput): readonly Candidate[] {
  if (faultToLeave(incumbent, input) === null) return [];
  return input.candidates.filter((pod) => nodeRank(pod) < nodeRank(incumbent));
}

function faultToLeave(incumbent: Candidate, { settings, hasUnreadable }: ChoiceInput): NodeFault | null {
  const fault = nodeFaultOf(incumbent);
  // What a user wrote wrongly moves no pod that works.
  if (fault === 'cordoned' && (settings.onCordon === 'stay' || hasUnreadable)) return null;
  return fault;
}

/**
 * The leader as the order of candidates takes it. A cordon alone does not make a fit leader come
 * after another one; `on-cordon` decides that.
 */
export function withoutCordon(incumbent: Candidate): Candidate {
  if (nodeFaultOf(incumbent) !== 'cordoned') return incumbent;
  const { node: _, ...pod } = incumbent;
  return pod;
}

/** A pinned pod on a broken node waits, while the leader's node is better. */
export function isWorseNode(pinned: Candidate, incumbent: Candidate): boolean {
  return nodeRank(pinned) === BROKEN_RANK && nodeRank(incumbent) < BROKEN_RANK;
}
