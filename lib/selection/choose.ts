/**
 * chooseLeader: decides who leads now, and why. The precedence in
 * docs/reference/annotations.md#precedence stands here in one place.
 *
 * The order is paused, then exclude, lost label or terminating (at once), then failover-min-delay,
 * the leader's node (chooseByNode.ts), pin, sticky, strategy.
 *
 * Guarantees: a leader against which its health check alone stands is left only for a pod that
 * passes that check (S10). A check that no pod passes proves nothing. A leader that is only
 * reported unfit is left only for a pod that is not.
 * Where the source asks for roles, chooseByRole.ts decides instead.
 */

import { chooseByNode, isWorseNode, rivalsByNode, withoutCordon } from './chooseByNode.ts';
import { chooseByRole } from './chooseByRole.ts';
import type { Leader, Reason } from './decision.ts';
import {
  addressOf,
  credibleFrom,
  eligibleAt,
  type FitnessRules,
  isEligible,
  isFinished,
  isUnjudged,
  judgedFrom,
  readyAlone,
  readyCountsFrom,
  type Unfit,
  whyUnfit,
} from './fitness.ts';
import { nodeBlindUntil } from './nodeFault.ts';
import type { LeaderRecord } from './record.ts';
import { askedSurvivor, isKeptBy } from './scaleRecord.ts';
import type { Settings } from './settings.ts';
import type { Candidate, Uid } from './snapshot.ts';
import { type StrategyContext, selectFirst } from './strategy.ts';

export interface ChoiceInput {
  readonly candidates: readonly Candidate[];
  readonly record: LeaderRecord;
  readonly settings: Settings;
  readonly rules: FitnessRules;
  readonly sourceUid: Uid;
  /** Of an election among several, what its hashes begin with instead. */
  readonly seed?: string;
  /** Pods that come last. */
  readonly avoided?: ReadonlySet<Uid>;
  /** A value that a user wrote cannot be read. A fit leader then stays, whatever the rest says. */
  readonly hasUnreadable: boolean;
  /** It is one of the check, whose defaults then move no leader. */
  readonly hasUnreadableCheck: boolean;
}

export interface Choice {
  readonly outcome: 'elected' | 'kept' | 'lost';
  readonly reason: Reason;
  readonly pod: Candidate | null;
  /** When a grace period that decided this ends; epoch milliseconds. */
  readonly graceEndsAt?: number;
}

const reasonOf: Readonly<Record<Unfit, Reason>> = {
  terminating: 'LeaderTerminating',
  finished: 'LeaderFinished',
  notSelected: 'LeaderNotSelected',
  excluded: 'LeaderExcluded',
  // Another election of the source left it, and has it ended (elections/sharedWith.ts).
  demoted: 'LeaderTerminating',
  taken: 'LeaderShared',
  withoutAddress: 'LeaderWithoutAddress',
  notReady: 'LeaderNotReady',
  portUnresolved: 'LeaderPortUnresolved',
  reported: 'LeaderReported',
  unhealthy: 'LeaderUnhealthy',
};

export function chooseLeader(input: ChoiceInput, now: number): Choice {
  const { record, settings, rules } = input;
  const incumbent = findIncumbent(input.candidates, record.leader);
  const unfit = incumbent === null ? null : whyUnfit(incumbent, rules);

  const isFit = unfit === null || (unfit === 'unhealthy' && input.hasUnreadableCheck);

  if (settings.paused) {
    if (incumbent !== null && (isFit || isOnlyJudged(unfit) || canBeKept(incumbent, input)))
      return kept('Paused', incumbent);
    return { outcome: 'lost', reason: 'Paused', pod: null };
  }
  if (settings.roleCheck !== null) return chooseByRole(input, incumbent, now);
  if (incumbent !== null && isFit)
    return chooseByNode(incumbent, input, now) ?? chooseBesideFitLeader(incumbent, input, now);
  const graceEndsAt = incumbent === null ? null : graceOf(incumbent, unfit, input, now);
  if (incumbent !== null && graceEndsAt !== null && now < graceEndsAt)
    return { ...kept('FailoverDelayed', incumbent), graceEndsAt };

  const successor = selectEligible(input, now);
  if (successor !== undefined) {
    const reason = record.leader === null ? 'FirstLeader' : unfit === null ? 'LeaderGone' : reasonOf[unfit];
    return { outcome: 'elected', reason, pod: successor };
  }
  if (incumbent !== null && unfit === 'unhealthy') return kept('AllUnhealthy', incumbent);
  if (incumbent !== null && unfit === 'reported') return kept('AllReported', incumbent);
  if (settings.noLeader === 'hold') {
    const lastResort = selectLastResort(input, now);
    if (lastResort !== undefined) return { outcome: 'elected', reason: 'LastResort', pod: lastResort };
    if (incumbent !== null && unfit === 'notReady' && canBeKept(incumbent, input)) return kept('Held', incumbent);
  }
  return { outcome: 'lost', reason: whyNobody(input), pod: null };
}

/** Kubernetes calls the pod fit, and a check or a report says otherwise. */
function isOnlyJudged(unfit: Unfit | null): boolean {
  return unfit === 'unhealthy' || unfit === 'reported';
}

/** When failover-min-delay ends for this leader, in epoch milliseconds. Null where it has none. */
function graceOf(incumbent: Candidate, unfit: Unfit | null, input: ChoiceInput, now: number): number | null {
  const { failoverMinDelayMs } = input.settings;
  if (failoverMinDelayMs === 0) return null;
  if (unfit === 'unhealthy') return judgedFrom(incumbent, now) + failoverMinDelayMs;
  return unfit === 'notReady' && canBeKept(incumbent, input)
    ? readyCountsFrom(incumbent, now) + failoverMinDelayMs
    : null;
}

export function findIncumbent(candidates: readonly Candidate[], leader: Leader | null): Candidate | null {
  return leader === null ? null : (candidates.find((pod) => pod.uid === leader.uid) ?? null);
}

/**
 * Keeps a fit leader (S8), unless the user asked for another one by a pin or by `sticky: "false"`.
 */
function chooseBesideFitLeader(incumbent: Candidate, input: ChoiceInput, now: number): Choice {
  const { settings } = input;
  if (input.hasUnreadable || isBlind(incumbent, input, now)) return kept('LeaderFit', incumbent);
  const pinned = input.candidates.find((pod) => pod.name === settings.pinLeader);
  if (pinned?.uid === incumbent.uid) return kept('LeaderFit', incumbent);
  if (pinned !== undefined && isEligible(pinned, input.rules, now) && !isWorseNode(pinned, incumbent))
    return { outcome: 'elected', reason: 'Pinned', pod: pinned };
  const survivor = askedSurvivor(input.record.scale, now);
  const successor = input.candidates.find(({ uid }) => uid === survivor);
  if (successor !== undefined && mayTakeOver(successor, incumbent, input, now))
    return { outcome: 'elected', reason: 'ScaleDownSurvivor', pod: successor };
  if (staysWhileFit(settings) || isKeptBy(input.record.scale, incumbent)) return kept('LeaderFit', incumbent);
  const rivals = input.candidates.filter((pod) => pod.uid !== incumbent.uid && isEligible(pod, input.rules, now));
  const first = selectFirst([withoutCordon(incumbent), ...rivals], strategyContext(input));
  return first === undefined || first.uid === incumbent.uid
    ? kept('LeaderFit', incumbent)
    : { outcome: 'elected', reason: 'Preferred', pod: first };
}

/** Whether a fit leader may be left for a pod that will survive it (lib/scaleDown). */
export function mayTakeOver(pod: Candidate, incumbent: Candidate, input: ChoiceInput, now: number): boolean {
  const { pinLeader, roleCheck, paused } = input.settings;
  if (paused || roleCheck !== null || input.hasUnreadable || isBlind(incumbent, input, now)) return false;
  if (pinLeader !== null && pinLeader !== pod.name) return false;
  return pod.uid !== incumbent.uid && isEligible(pod, input.rules, now) && !isWorseNode(pod, incumbent);
}

/**
 * A check is asked for, and no bridge reports a verdict by it. The leader may have been elected
 * because the pod that a pin or the strategy prefers fails that check (S11). The same goes for
 * nodes.
 */
function isBlind(incumbent: Candidate, { settings, rules, record }: ChoiceInput, now: number): boolean {
  if (settings.healthCheck !== null && !rules.isChecked) return true;
  return nodeBlindUntil(incumbent, record, now) !== null;
}

/**
 * node- and zone-aware say where the next leader should run, given where the last one did. They do
 * not move a fit one.
 */
function staysWhileFit({ sticky, strategy }: Settings): boolean {
  return sticky || strategy === 'node-aware' || strategy === 'zone-aware';
}

export function selectEligible(input: ChoiceInput, now: number): Candidate | undefined {
  const eligible = input.candidates.filter((pod) => isEligible(pod, input.rules, now));
  const first = selectFirst(eligible, strategyContext(input));
  const pinned = eligible.find((pod) => pod.name === input.settings.pinLeader);
  // A pin outweighs a cordon, and no broken node.
  const isBroken = pinned !== undefined && first !== undefined && isWorseNode(pinned, first);
  return isBroken ? first : (pinned ?? first);
}

/**
 * Where no pod leads and every Ready pod fails the check or is reported, Ready alone decides. One
 * that waits for its first verdict may pass, and is waited for.
 */
function selectLastResort(input: ChoiceInput, now: number): Candidate | undefined {
  if (input.candidates.some((pod) => whyUnfit(pod, input.rules) === null)) return undefined;
  return selectEligible({ ...input, rules: readyAlone(input.rules) }, now);
}

export function strategyContext({ settings, sourceUid, seed, avoided, record }: ChoiceInput): StrategyContext {
  const { strategy, preferredNodes, preferredZones } = settings;
  const { lastNode, lastZone } = record;
  const shared = { ...(seed !== undefined && { seed }), ...(avoided !== undefined && { avoided }) };
  return { strategy, preferredNodes, preferredZones, sourceUid, lastNode, lastZone, ...shared };
}

/**
 * S2. A pod that has stopped being fit may be kept only while it exists, has not finished, and
 * still has the routed address. Kubernetes may have given that address to another pod.
 */
export function canBeKept(pod: Candidate, { record, rules }: ChoiceInput): boolean {
  const address = addressOf(pod, rules.primaryFamily);
  return (
    !isFinished(pod) && address !== null && record.routedAddress !== null && pod.ips.includes(record.routedAddress)
  );
}

function kept(reason: Reason, pod: Candidate): Choice {
  return { outcome: 'kept', reason, pod };
}

/** Names the most telling reason why no pod can lead. */
export function whyNobody({ candidates, rules }: ChoiceInput): Reason {
  const selected = candidates.filter((pod) => pod.selected);
  if (selected.length === 0) return 'NoPodsFound';
  const why = selected.map((pod) => whyUnfit(pod, rules));
  if (selected.some((pod, index) => why[index] === null && !isUnjudged(pod, rules))) return 'WaitingForMinReady';
  if (why.includes(null) || why.includes('unhealthy')) return 'NoHealthyPods';
  if (why.includes('reported')) return 'AllReported';
  if (why.includes('taken')) return 'NoFreePod';
  return why.includes('portUnresolved') ? 'PortResolutionFailed' : 'NoReadyPods';
}

/**
 * Names the next instant after `now` at which time alone may change the choice. Null when only an
 * event can.
 *
 * A stateless function cannot wait, so its reply asks the bridge to reconcile again then.
 */
export function nextChoiceAt(choice: Choice, input: ChoiceInput, now: number): number | null {
  const canRise = (pod: Candidate): boolean => {
    const why = whyUnfit(pod, input.rules);
    // As a last resort a pod that fails its check, or is reported, takes over, too.
    return why === null || (isOnlyJudged(why) && input.settings.noLeader === 'hold');
  };
  const instants = rivalsOf(choice, input, now)
    .filter((pod) => pod.uid !== choice.pod?.uid && canRise(pod))
    .map((pod) => eligibleAt(pod, input.rules, now));
  if (choice.graceEndsAt !== undefined) instants.push(choice.graceEndsAt);
  if (choice.reason === 'LeaderFit' && choice.pod !== null && mayMove(input.settings))
    instants.push(nodeBlindUntil(choice.pod, input.record, now) ?? now);
  // A pod is held without grace while its instants lie too far ahead. Its grace begins after that.
  if (choice.reason === 'Held' && choice.pod !== null && input.settings.failoverMinDelayMs > 0)
    instants.push(...credibleFrom(choice.pod));
  const later = instants.filter((at) => at > now);
  return later.length === 0 ? null : Math.min(...later);
}

/** The pods that would take over from this choice once they have been Ready for long enough. */
function rivalsOf(choice: Choice, input: ChoiceInput, now: number): readonly Candidate[] {
  const { candidates, settings } = input;
  // Between pods with roles, time alone decides nothing.
  if (choice.reason === 'Paused' || settings.roleCheck !== null) return [];
  const { pod } = choice;
  if (choice.reason !== 'LeaderFit' || pod === null) return candidates;
  const byNode = rivalsByNode(pod, input);
  if (input.hasUnreadable || isBlind(pod, input, now) || pod.name === settings.pinLeader) return byNode;
  return staysWhileFit(settings)
    ? [...byNode, ...candidates.filter(({ name }) => name === settings.pinLeader)]
    : candidates;
}

/** A fit leader is left for another pod that the user prefers. */
function mayMove(settings: Settings): boolean {
  return settings.pinLeader !== null || !staysWhileFit(settings);
}
