/**
 * Checks what S1 says of a second endpoint. A user has asked for it, the new leader was elected by
 * a planned move, and the pod that was left is fit and stands behind it. Its time is not over.
 */

import { MAX_OVERLAP_MS, parseHandoverFrom } from '../../../lib/selection/handover.ts';
import { annotation } from '../../../lib/selection/names.ts';
import { parseDuration } from '../../../lib/selection/parseDuration.ts';
import { annotationOf } from '../kubeObject.ts';
import { isFit } from './fit.ts';
import type { Basis, LeaderWrite } from './leaderWrite.ts';

/** From the decision until the request is sent: as long as a snapshot may be written from. */
const TO_WRITE_MS = 3_000;

/** Written a second time, apart from the rules. */
const planned: readonly (string | undefined)[] = ['Pinned', 'Preferred', 'LeaderNodeCordoned', 'ScaleDownSurvivor'];

/** `wallClock`: what the function took for the time; null where its clock was set meanwhile. */
export function checkOverlap(write: LeaderWrite, wallClock: number | null): string | null {
  const { before, after, endpoints, isPrimary, leaderUid, epoch, bases } = write;
  const [first, second, ...others] = endpoints;
  if (second === undefined) return null;
  const say = (problem: string): string =>
    `slice ${after.metadata.name} routes to ${second.targetRef?.uid}, too: ${problem}`;
  if (others.length > 0) return say(`it has ${endpoints.length} endpoints`);
  // The slice of the other family says nothing of its own, and is compared with the record.
  if (!isPrimary) return null;
  const from = parseHandoverFrom(annotationOf(after, annotation.handoverFrom));
  if (from?.uid !== second.targetRef?.uid || from?.epoch !== epoch) return say('the record does not name it');
  if (first?.targetRef?.uid !== leaderUid) return say('the leader is not the first');
  if (!planned.includes(annotationOf(after, annotation.reason))) return say('the move was not planned');
  if (bases.length === 0) return null;
  // Until the write that begins it the new leader is not routed to, however slow the API server is.
  const isBegun = annotationOf(before, annotation.epoch) === String(epoch);
  const whyWrong = ({ pods, source }: Basis): string | null => {
    const pod = pods.find(({ uid }) => uid === from?.uid);
    if (pod === undefined || source === null) return 'it does not exist';
    if (!isFit(pod, source)) return 'it is not fit';
    if (!pod.ips.includes(second.addresses[0] ?? '')) return 'it does not have that address';
    if (source.annotations['zen-lead.io/handover'] !== 'overlap') return 'no user asks for it';
    const isOver = isBegun && wallClock !== null && wallClock > endOf(write, { pods, source });
    return isOver ? 'its time is over' : null;
  };
  const problems = bases.map(whyWrong);
  return problems.includes(null) || problems[0] === undefined ? null : say(problems[0] ?? '');
}

/** The last instant at which a function may still write it, by its own clock. */
function endOf({ after, leaderUid }: LeaderWrite, { pods, source }: Basis): number {
  const switchedAt = Date.parse(annotationOf(after, annotation.leaderLastSwitchTime) ?? '');
  const latest = switchedAt + MAX_OVERLAP_MS + TO_WRITE_MS;
  const leader = pods.find(({ uid }) => uid === leaderUid);
  if (leader === undefined || !leader.ready) return latest;
  const asked = parseDuration(source?.annotations['zen-lead.io/handover-overlap'] ?? '');
  const overlapMs = asked === null || asked > MAX_OVERLAP_MS ? 1_000 : asked;
  // A leader that flips while its grace keeps it begins to be Ready again.
  return Math.min(latest, Math.max(switchedAt, leader.readyChangedAt ?? 0) + overlapMs + TO_WRITE_MS);
}
