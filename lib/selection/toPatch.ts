/**
 * toPatch: lists the writes that turn what is into what was decided. The list is empty when nothing
 * differs.
 *
 * Guarantees: S3 (every write says what it was decided on), S7 (only what is ours).
 */

import { type Decision, endReasons } from './decision.ts';
import { demotionWrites } from './demotion.ts';
import { electionNames } from './elections/electionSettings.ts';
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
  const known = areNamesUnknown(situation) ? ofSlot.filter(({ kind }) => kind !== 'create') : ofSlot;
  const writes = situation.source.terminating ? known.filter(isOfRoute) : known;
  if (decision.plan === null) return writes;
  // A second patch of one object would meet the version that the first one made.
  const isRecordWritten = writes.some((write) => 'resource' in write && write.name === situation.record.slice?.name);
  return isRecordWritten ? writes : [...writes, ...demotionWrites(situation, decision, now)];
}

/**
 * A source that is being deleted may wait long for a finalizer, and its slices route until it is
 * gone. So they follow the decision, and a demotion is settled, or its pod could never lead again.
 * Nothing is created, because the garbage collector takes everything once the source is gone, and
 * would be fought.
 */
function isOfRoute(write: Write): boolean {
  const isMade = write.kind === 'create' || write.kind === 'deleteControllerEndpoints';
  return !isMade && write.resource === 'endpointslices' && write.stage === 'route';
}

/**
 * With a list of elections that cannot be read, those that have objects stay. Who else has one of
 * their names is not in the snapshot, because it holds the names that the source wants.
 */
function areNamesUnknown({ source, snapshot: { election } }: Situation): boolean {
  return election !== undefined && election.election !== '' && electionNames(source.annotations) === null;
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
