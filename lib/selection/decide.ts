/**
 * decide: applies the rules to the situation of one Service at one instant.
 *
 * Guarantees: pure. The order of the snapshot's lists does not matter. Deciding again after the
 * decision was written keeps the leader (docs/guarantees.md).
 */

import { type Choice, chooseLeader } from './choose.ts';
import type { Decision, Leader, Plan, Reason, Warning } from './decision.ts';
import { demotionWarnings } from './demotion.ts';
import { planFollowers } from './followers.ts';
import { findLeaderName } from './leaderName.ts';
import { annotation } from './names.ts';
import { nodeWarnings } from './nodeWarnings.ts';
import { planOverlap } from './overlap.ts';
import { planRoutes, planService } from './plan.ts';
import { type LeaderRecord, parseEpoch, toLeader } from './record.ts';
import { roleWarnings } from './roleWarnings.ts';
import { scaleWarnings } from './scaleRecord.ts';
import type { Situation } from './situation.ts';
import type { Candidate } from './snapshot.ts';
import { sliceName } from './wantedNames.ts';
import { foreignSliceWarnings, healthWarnings, reportWarnings, sortWarnings } from './warnings.ts';
import { zoneOf } from './zoneOf.ts';

export interface Decided {
  readonly decision: Decision;
  /**
   * Null when no pod was chosen between. The Service is opted out or refused, or it selects no
   * pods.
   */
  readonly choice: Choice | null;
}

export function decide(whole: Situation, now: number): Decided {
  const { record, owned, snapshot } = whole;
  const previous = record.leader;
  if (!whole.isEnabled) return unchosen(withoutPlan('lost', endOf(whole), previous, record.knownEpoch, whole.warnings));

  const leaderName = findLeaderName(whole);
  if (leaderName.kind === 'taken') {
    const warnings = [...whole.warnings, ...leaderName.warnings];
    return unchosen(withoutPlan('refused', leaderName.reason, previous, record.knownEpoch, warnings));
  }
  const situation = { ...whole, families: leaderName.families };
  const slot = snapshot.election?.slot ?? 0;
  if (!situation.isRoutable) return unchosen(decideUnroutable(situation, leaderName.name, now));

  const choice = chooseLeader(situation.choice, now);
  const routes = planRoutes(situation, leaderName.name, choice.pod);
  const followers =
    slot === 0 ? planFollowers(situation, leaderName.name, choice.pod) : { followers: null, warnings: [] };
  const { epoch, isNewSlice } = nextEpoch(situation, leaderName.name, choice.outcome === 'elected', now);
  const overlap = planOverlap(situation, choice, { epoch, sliceName: routes.routes[0]?.sliceName }, now);
  const plan: Plan = {
    leaderServiceName: leaderName.name,
    // The slots of a pool have one leader Service, which the first one writes.
    service: leaderName.serviceIsOurs && slot === 0 ? planService(situation, leaderName.name) : null,
    routes: routes.routes,
    ...(overlap !== null && { overlap }),
    followers: followers.followers,
  };
  const warnings = [
    ...situation.warnings,
    ...leaderName.warnings,
    ...routes.warnings,
    ...followers.warnings,
    ...healthWarnings(situation.read.settings, choice),
    ...reportWarnings(record, choice, now),
    ...roleWarnings(situation, choice),
    ...(situation.read.settings.roleCheck === null ? nodeWarnings(choice) : []),
    ...demotionWarnings(situation, choice),
    ...scaleWarnings(record.scale, situation.source.annotations[annotation.scaleDown]),
    ...foreignSliceWarnings(snapshot, leaderName.name, (name) => owned.slices.some((slice) => slice.name === name)),
  ];
  const isSameUnderNewEpoch = choice.outcome === 'kept' && isNewSlice;
  const decision: Decision = {
    kind: isSameUnderNewEpoch ? 'elected' : choice.outcome,
    reason: isSameUnderNewEpoch ? 'SliceMadeAnew' : choice.reason,
    previous,
    leader: choice.pod === null ? null : leaderOf(choice.pod, record),
    epoch,
    plan,
    warnings: sortWarnings(warnings),
  };
  return { decision, choice };
}

function endOf({ snapshot, read }: Situation): Reason {
  return snapshot.election?.isWanted === false && read.settings.enabled ? 'ElectionRemoved' : 'OptedOut';
}

function unchosen(decision: Decision): Decided {
  return { decision, choice: null };
}

/**
 * Decides for a source that selects no pods. What we made for it earlier stays, and routes to no
 * pod.
 */
function decideUnroutable(situation: Situation, name: string, now: number): Decision {
  const { record, owned, source } = situation;
  const message =
    source.type === 'ExternalName'
      ? `Service "${source.name}" is an ExternalName: it selects no pods that could lead.`
      : `Service "${source.name}" has no selector: it selects no pods that could lead.`;
  const warnings = [...situation.warnings, { reason: 'InvalidService', value: source.type, message } satisfies Warning];
  if (owned.slices.length === 0) return withoutPlan('refused', 'InvalidService', null, record.knownEpoch, warnings);
  return {
    kind: 'lost',
    reason: 'InvalidService',
    previous: record.leader,
    leader: null,
    epoch: nextEpoch(situation, name, false, now).epoch,
    plan: {
      leaderServiceName: name,
      service: null,
      routes: planRoutes(situation, name, null).routes,
      followers: 'keep',
    },
    warnings: sortWarnings(warnings),
  };
}

/**
 * Another slice may have had the next epochs, or may come to them, and nothing here says which. The
 * time is far above those. Where the function's clock is behind, so many are passed over instead:
 * more than a slice counts before it loses its record, or misses of the other family's.
 */
const STEP_BEHIND = 1_000;

/**
 * Counts the fencing token, which grows by one with every election. A slice that is made again, or
 * takes the record of another one at an election, starts at the time in milliseconds, or above what
 * is still known. So the epoch grows across deletion, rename and opt-out, and nothing else has to
 * remember it. The clock of the API server, which made the slice, counts where the function's is
 * behind it (docs/decisions/epoch.md).
 */
function nextEpoch(
  { record, owned, families, makesNothing, snapshot }: Situation,
  leaderServiceName: string,
  isElection: boolean,
  now: number,
): { readonly epoch: number; readonly isNewSlice: boolean } {
  const name = sliceName(leaderServiceName, families[0] ?? 'IPv4', snapshot.election?.slot);
  const slice = owned.slices.find((each) => each.name === name);
  const step = (least: number): number => (now < record.knownEpoch ? STEP_BEHIND : least);
  // Without a record, the slice that is left is the other family's. It may be behind the one that
  // held the record. Where no slice is made again (toPatch.ts), the one that is left would get
  // another epoch with each reconcile.
  const canBeMade = slice !== undefined || !makesNothing;
  const isEmpty = parseEpoch(slice?.annotations[annotation.epoch]) === null;
  const isNewSlice = canBeMade && (record.slice === null || isEmpty);
  if (isNewSlice) {
    const next = record.knownEpoch + (isEmpty ? 1 : step(1));
    return { epoch: Math.max(next, Math.floor(now), slice?.createdAt ?? 0), isNewSlice };
  }
  // The record moves with the primary family or the name, and the slice that it moves from still
  // has it. A patch of that slice with the next epoch may be on its way. And where a hand deletes
  // the new one before the old one has lost its record, that counts on, towards this epoch.
  const isContested = owned.slices.some(
    (each) => each.name !== name && each.annotations[annotation.podsRevision] !== undefined,
  );
  // Nor is an election recorded that no slice can hold, or each reconcile would be another one.
  if (!isElection || !canBeMade) return { epoch: record.knownEpoch, isNewSlice };
  if (!isContested) return { epoch: record.knownEpoch + 1, isNewSlice };
  return { epoch: Math.max(record.knownEpoch + step(2), Math.floor(now)), isNewSlice };
}

/** The zone of a leader that stays is known also where this decision knows no nodes. */
function leaderOf(pod: Candidate, { leader, lastZone }: LeaderRecord): Leader {
  const zone = zoneOf(pod) ?? (leader?.uid === pod.uid ? lastZone : undefined);
  return toLeader(pod.name, pod.uid, pod.nodeName, zone);
}

function withoutPlan(
  kind: 'lost' | 'refused',
  reason: Reason,
  previous: Leader | null,
  epoch: number,
  warnings: readonly Warning[],
): Decision {
  return { kind, reason, previous, leader: null, epoch, plan: null, warnings: sortWarnings(warnings) };
}
