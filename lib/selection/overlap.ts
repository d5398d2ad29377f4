/**
 * planOverlap: says which pod stays in the route beside the new leader, and until when.
 * docs/reference/annotations.md#handover
 *
 * Record and epoch are the new leader's from the first moment. The slice also names the pod that it
 * has taken over from, under that epoch, so that a stateless function knows which overlap runs.
 *
 * Guarantees: pure. Only a fit pod stays, only after a planned move, and at most `MAX_OVERLAP_MS`
 * after it by clocks that agree to seconds. An instant from a wrong clock ends the overlap.
 */

import type { Choice } from './choose.ts';
import { plannedReasons } from './decision.ts';
import { addressOf, MAX_AHEAD_MS, readyCountsFrom, whyUnfit } from './fitness.ts';
import { MAX_OVERLAP_MS } from './handover.ts';
import { isEqual } from './isEqual.ts';
import { annotation } from './names.ts';
import { resolvePorts } from './resolvePorts.ts';
import type { Situation } from './situation.ts';
import type { Candidate, Uid } from './snapshot.ts';

/** A pod that is routed to beside the leader. */
export interface Overlap {
  readonly pod: Candidate;
  /** Epoch milliseconds. */
  readonly endsAt: number;
}

/** Of the decision: what stands in the record once it is written. */
export interface Recorded {
  readonly epoch: number;
  /** The slice that holds the record. */
  readonly sliceName: string | undefined;
}

/** Null where the leader alone is routed to. */
export function planOverlap(situation: Situation, choice: Choice, recorded: Recorded, now: number): Overlap | null {
  const { read, choice: input, source } = situation;
  const { handover, handoverOverlapMs } = read.settings;
  const leader = choice.pod;
  const start = leader === null || handover === 'gap' ? null : startOf(situation, choice, recorded, now);
  if (leader === null || start === null || start.at > now + MAX_AHEAD_MS) return null;
  const pod = input.candidates.find(({ uid }) => uid === start.uid);
  if (pod === undefined || whyUnfit(pod, input.rules) !== null) return null;
  // A slice has one list of ports for all endpoints, and pods on the host network share addresses.
  if (!isEqual(resolvePorts(source.ports, pod).ports, resolvePorts(source.ports, leader).ports)) return null;
  const { primaryFamily } = input.rules;
  if (addressOf(pod, primaryFamily) === addressOf(leader, primaryFamily)) return null;
  const readyFrom = leader.ready ? readyCountsFrom(leader, now) : now;
  const endsAt = Math.min(Math.max(start.at, readyFrom) + handoverOverlapMs, start.at + MAX_OVERLAP_MS);
  return endsAt > now ? { pod, endsAt } : null;
}

interface Start {
  readonly uid: Uid;
  /** When the new leader was elected, epoch milliseconds. */
  readonly at: number;
}

/**
 * Begins an overlap with this decision, or goes on with the one that is recorded. A record that has
 * moved to another slice, or that a hand has changed, is written anew and ends it.
 */
function startOf({ record }: Situation, choice: Choice, recorded: Recorded, now: number): Start | null {
  const { leader, routedAddress, handoverFrom, lastSwitchAt, slice } = record;
  const { outcome, reason, pod } = choice;
  if (leader === null || slice === null) return null;
  const isSame = leader.uid === pod?.uid;
  if (outcome === 'elected')
    return plannedReasons.has(reason) && !isSame && routedAddress !== null ? { uid: leader.uid, at: now } : null;
  const stands =
    isSame &&
    slice.name === recorded.sliceName &&
    slice.annotations[annotation.leaderPodUid] === leader.uid &&
    [...plannedReasons].some((each) => each === record.reason);
  if (!stands || handoverFrom?.epoch !== recorded.epoch || lastSwitchAt === undefined) return null;
  return { uid: handoverFrom.uid, at: lastSwitchAt };
}
