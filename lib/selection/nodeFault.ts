/**
 * nodeFault: says what stands against a pod because of its node.
 * docs/reference/annotations.md#nodes
 *
 * Guarantees: pure. A pod of which no node was observed has no fault.
 * Does not guarantee that a silent node is dead. So a fault never clears a route, and never counts
 * beside no better node.
 */

import { MAX_AHEAD_MS } from './fitness.ts';
import type { LeaderRecord } from './record.ts';
import type { Candidate } from './snapshot.ts';

/** Ordered from the one that counts most. */
export type NodeFault = 'silent' | 'condition' | 'cordoned';

export function nodeFaultOf({ node }: Candidate): NodeFault | null {
  if (node?.verdict === 'silent') return 'silent';
  if (node?.condition !== undefined) return 'condition';
  return node?.cordoned === true ? 'cordoned' : null;
}

/** A candidate of a greater rank comes after every one of a smaller rank. */
export type NodeRank = 0 | 1 | 2;

/** A pod on a cordoned node still works, and a drain will move it soon. */
export const CORDONED_RANK = 1;
/** A pod on a node that is silent, or has a condition that makes it unfit, may not work. */
export const BROKEN_RANK = 2;

export function nodeRank(pod: Candidate): NodeRank {
  const fault = nodeFaultOf(pod);
  if (fault === null) return 0;
  return fault === 'cordoned' ? CORDONED_RANK : BROKEN_RANK;
}

/**
 * The instant since which the node has been silent or unfit, in epoch milliseconds. An instant
 * further ahead than clocks may differ says nothing.
 */
export function faultFrom({ node }: Candidate, now: number): number {
  const since = node?.since ?? Number.NEGATIVE_INFINITY;
  return since <= now + MAX_AHEAD_MS ? since : Number.NEGATIVE_INFINITY;
}

/** Of elections that left a node. */
export const nodeReasons: ReadonlySet<string> = new Set([
  'LeaderNodeSilent',
  'LeaderNodeUnfit',
  'LeaderNodeCordoned',
] as const);

/**
 * A bridge whose node watch is off for so long no longer says what was left, and Kubernetes has
 * long marked the pods of a dead node as not Ready.
 */
const BLIND_MS = 3_600_000;

/**
 * When a decision that knows no node may move this fit leader again, in epoch milliseconds. Null
 * where it may. The leader was elected because of a node, and a pin or the strategy may prefer the
 * pod that was left.
 */
export function nodeBlindUntil(leader: Candidate, { reason, lastSwitchAt }: LeaderRecord, now: number): number | null {
  if (reason === undefined || !nodeReasons.has(reason) || lastSwitchAt === undefined) return null;
  if (leader.node !== undefined) return null;
  const endsAt = lastSwitchAt + BLIND_MS;
  return endsAt > now && lastSwitchAt <= now + MAX_AHEAD_MS ? endsAt : null;
}
