/**
 * chooseLeader: decides who leads now, and why. The precedence in
 * docs/reference/annotations.md#precedence stands here in one place.
 *
 * The order is paused, then exclude, lost label or terminating (at once), then failover-min-delay,
 * pin, sticky, strategy.
 */

import type { Leader, Reason } from './decision.ts';
import {
  addressOf,
  credibleFrom,
  eligibleAt,
  type FitnessRules,
  isEligible,
  isFinished,
  readyCountsFrom,
  type Unfit,
  whyUnfit,
} from './fitness.ts';
import type { LeaderRecord } from './record.ts';
import type { Settings } from './settings.ts';
import type { Candidate, Uid } from './snapshot.ts';
import { type StrategyContext, selectFirst } from './strategy.ts';

export interface ChoiceInput {
  readonly candidates: readonly Candidate[];
  readonly record: LeaderRecord;
  readonly settings: Settings;
  readonly rules: FitnessRules;
  readonly sourceUid: Uid;
  /** A value that a user wrote cannot be read. A fit leader then stays, whatever the rest says. */
  readonly hasUnreadable: boolean;
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
  withoutAddress: 'LeaderWithoutAddress',
  notReady: 'LeaderNotReady',
  portUnresolved: 'LeaderPortUnresolved',
};

export function chooseLeader(input: ChoiceInput, now: number): Choice {
  const { record, settings, rules } = input;
  const incumbent = findIncumbent(input.candidates, record.leader);
  const unfit = incumbent === null ? null : whyUnfit(incumbent, rules);

  if (settings.paused) {
    if (incumbent !== null && (unfit === null || canBeKept(incumbent, input))) return kept('Paused', incumbent);
    return { outcome: 'lost', reason: 'Paused', pod: null };
  }
  if (incumbent !== null && unfit === null) return chooseBesideFitLeader(incumbent, input, now);
  if (incumbent !== null && unfit === 'notReady' && canBeKept(incumbent, input)) {
    const graceEndsAt = readyCountsFrom(incumbent, now) + settings.failoverMinDelayMs;
    if (settings.failoverMinDelayMs > 0 && now < graceEndsAt)
      return { ...kept('FailoverDelayed', incumbent), graceEndsAt };
  }

  const successor = selectEligible(input, now);
  if (successor !== undefined) {
    const reason = record.leader === null ? 'FirstLeader' : unfit === null ? 'LeaderGone' : reasonOf[unfit];
    return { outcome: 'elected', reason, pod: successor };
  }
  if (settings.noLeader === 'hold' && incumbent !== null && unfit === 'notReady' && canBeKept(incumbent, input)) {
    return kept('Held', incumbent);
  }
  return { outcome: 'lost', reason: whyNobody(input), pod: null };
}

export function findIncumbent(candidates: readonly Candidate[], leader: Leader | null): Candidate | null {
  return leader === null ? null : (candidates.find((pod) => pod.uid === leader.uid) ?? null);
}

/**
 * Keeps a fit leader (S8), unless the user asked for another one by a pin or by `sticky: "false"`.
 */
function chooseBesideFitLeader(incumbent: Candidate, input: ChoiceInput, now: number): Choice {
  const { settings } = input;
  if (input.hasUnreadable) return kept('LeaderFit', incumbent);
  const pinned = input.candidates.find((pod) => pod.name === settings.pinLeader);
  if (pinned?.uid === incumbent.uid) return kept('LeaderFit', incumbent);
  if (pinned !== undefined && isEligible(pinned, input.rules, now))
    return { outcome: 'elected', reason: 'Pinned', pod: pinned };
  if (staysWhileFit(settings)) return kept('LeaderFit', incumbent);
  const rivals = input.candidates.filter((pod) => pod.uid === incumbent.uid || isEligible(pod, input.rules, now));
  const first = selectFirst(rivals, strategyContext(input));
  return first === undefined || first.uid === incumbent.uid
    ? kept('LeaderFit', incumbent)
    : { outcome: 'elected', reason: 'Preferred', pod: first };
}

/**
 * node- and zone-aware say where the next leader should run, given where the last one did. They do
 * not move a fit one.
 */
function staysWhileFit({ sticky, strategy }: Settings): boolean {
  return sticky || strategy === 'node-aware' || strategy === 'zone-aware';
}

function selectEligible(input: ChoiceInput, now: number): Candidate | undefined {
  const eligible = input.candidates.filter((pod) => isEligible(pod, input.rules, now));
  return eligible.find((pod) => pod.name === input.settings.pinLeader) ?? selectFirst(eligible, strategyContext(input));
}

function strategyContext({ settings, sourceUid, record }: ChoiceInput): StrategyContext {
  return { strategy: settings.strategy, sourceUid, lastNode: record.lastNode, lastZone: record.lastZone };
}

/**
 * S2. A pod that has stopped being fit may be kept only while it exists, has not finished, and
 * still has the routed address. Kubernetes may have given that address to another pod.
 */
function canBeKept(pod: Candidate, { record, rules }: ChoiceInput): boolean {
  const address = addressOf(pod, rules.primaryFamily);
  return (
    !isFinished(pod) && address !== null && record.routedAddress !== null && pod.ips.includes(record.routedAddress)
  );
}

function kept(reason: Reason, pod: Candidate): Choice {
  return { outcome: 'kept', reason, pod };
}

/** Names the most telling reason why no pod can lead. */
function whyNobody({ candidates, rules }: ChoiceInput): Reason {
  const selected = candidates.filter((pod) => pod.selected);
  if (selected.length === 0) return 'NoPodsFound';
  const why = selected.map((pod) => whyUnfit(pod, rules));
  if (why.includes(null)) return 'WaitingForMinReady';
  return why.includes('portUnresolved') ? 'PortResolutionFailed' : 'NoReadyPods';
}

/**
 * Names the next instant after `now` at which time alone may change the choice. Null when only an
 * event can.
 *
 * A stateless function cannot wait, so its reply asks the bridge to reconcile again then.
 */
export function nextChoiceAt(choice: Choice, input: ChoiceInput, now: number): number | null {
  const instants = rivalsOf(choice, input)
    .filter((pod) => pod.uid !== choice.pod?.uid && whyUnfit(pod, input.rules) === null)
    .map((pod) => eligibleAt(pod, input.rules, now));
  if (choice.graceEndsAt !== undefined) instants.push(choice.graceEndsAt);
  // A pod is held without grace while its instants lie too far ahead. Its grace begins after that.
  if (choice.reason === 'Held' && choice.pod !== null && input.settings.failoverMinDelayMs > 0)
    instants.push(...credibleFrom(choice.pod));
  const later = instants.filter((at) => at > now);
  return later.length === 0 ? null : Math.min(...later);
}

/** The pods that would take over from this choice once they have been Ready for long enough. */
function rivalsOf(choice: Choice, { candidates, settings, hasUnreadable }: ChoiceInput): readonly Candidate[] {
  if (choice.reason === 'Paused') return [];
  if (choice.reason !== 'LeaderFit') return candidates;
  if (hasUnreadable || choice.pod?.name === settings.pinLeader) return [];
  return staysWhileFit(settings) ? candidates.filter((pod) => pod.name === settings.pinLeader) : candidates;
}
