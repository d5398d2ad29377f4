/**
 * toPatch: lists the writes that turn what is into what was decided. The list is empty when nothing
 * differs.
 *
 * Guarantees: S3 (every write says what it was decided on), S7 (only what is ours).
 */

import { type Decision, endReasons } from './decision.ts';
import { demotionWrites } from './demotion.ts';
import { followerWrites } from './followerWrites.ts';
import { detachSlices, removeAll, removeControllerLeftovers, removeUnplanned } from './removals.ts';
import { routeWrites } from './routeWrites.ts';
import { serviceWrites } from './serviceWrites.ts';
import type { Situation } from './situation.ts';
import type { Write } from './write.ts';

export function toPatch(situation: Situation, decision: Decision, now: number): readonly Write[] {
  const all = toWrites(situation, decision, now);
  const isOfFirstSlot = (situation.snapshot.election?.slot ?? 0) === 0;
  const ofSlot = isOfFirstSlot ? all : all.filter(isOfSlice);
  const possible = situation.makesNothing ? withoutMade(ofSlot) : ofSlot;
  const writes = situation.source.terminating ? possible.filter(isOfRoute) : possible;
  if (decision.plan === null) return writes;
  // A second patch of one object would meet the version that the first one made.
  const isRecordWritten = writes.some((write) => 'resource' in write && write.name === situation.record.slice?.name);
  return isRecordWritten ? writes : [...writes, ...demotionWrites(situation, decision, now)];
}

/**
 * A source that is being deleted may wait long for a finalizer, and its slices route until it is
 * gone. So they follow the decision, and a demotion is settled, or its pod could never lead again.
 * Nothing is made, because the garbage collector takes everything once the source is gone, and
 * would be fought.
 */
function isOfRoute(write: Write): boolean {
  return 'resource' in write && write.resource === 'endpointslices' && write.stage === 'route';
}

/** Nor is anything deleted to be made in another form. */
function withoutMade(writes: readonly Write[]): readonly Write[] {
  const made = new Set(writes.flatMap((write) => (write.kind === 'create' ? [`${write.resource}/${write.name}`] : [])));
  return writes.filter((write) => !('resource' in write) || !made.has(`${write.resource}/${write.name}`));
}

/** The first slot of a pool writes the leader Service that all have. */
function isOfSlice(write: Write): boolean {
  return 'resource' in write && write.resource === 'endpointslices';
}

function toWrites(situation: Situation, decision: Decision, now: number): readonly Write[] {
  const { plan } = decision;
  if (plan === null) return endReasons.has(decision.reason) ? removeAll(situation) : detachSlices(situation);
  const leaderService = situation.owned.services.find((service) => service.name === plan.leaderServiceName);
  return [
    ...(plan.service === null ? [] : serviceWrites(leaderService, plan.service, situation.source, 'route')),
    ...routeWrites(situation, decision, plan, now),
    ...removeControllerLeftovers(situation, plan),
    ...removeUnplanned(situation, plan),
    ...(plan.followers === null || plan.followers === 'keep' ? [] : followerWrites(situation, plan.followers)),
  ];
}
