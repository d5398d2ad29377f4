/**
 * Demotion: what becomes of a leader that was left because it did not work (`on-demote`). Open
 * connections stay on such a pod, and a primary that wakes up still takes itself for the leader.
 *
 * The write that elects its successor also records that the pod is to go, and that the writer
 * carries that out. So there is one demotion an epoch, never before the route, and one function
 * that sends it.
 *
 * Guarantees: pure. Of a pod that still is to go, `barredBy` says that it may not lead, so no
 * request on its way can hit a leader. Another function takes over only after `CLAIM_MS`.
 * Does not guarantee that a request arrives within `CLAIM_MS` of when it was sent, on clocks that
 * agree to seconds. A function sends none after `SEND_WITHIN_MS`.
 */

import type { Choice } from './choose.ts';
import type { Decision, Reason, Warning } from './decision.ts';
import { isFinished, MAX_AHEAD_MS } from './fitness.ts';
import { annotation } from './names.ts';
import type { OnDemote } from './onDemote.ts';
import type { LeaderRecord } from './record.ts';
import type { Situation } from './situation.ts';
import type { Candidate, Uid } from './snapshot.ts';
import type { Write } from './write.ts';

/** What has become of it. `dropped` means that it is no longer wanted. */
export const demotionStates = ['pending', 'done', 'refused', 'dropped'] as const;

export interface Demotion {
  readonly pod: string;
  readonly uid: Uid;
  /** Of the election that left the pod. */
  readonly epoch: number;
  /** When the function that carries it out claimed it, epoch milliseconds. */
  readonly at: number;
  /** How often it was claimed, at least 1. */
  readonly tries: number;
  readonly state: (typeof demotionStates)[number];
  /** What the API server said, where it refused. */
  readonly why?: string;
}

/** What the function has to send, as part of the write that claims it. */
export interface DemotionOrder {
  readonly demotion: Demotion;
  readonly mode: Exclude<OnDemote, 'none'>;
}

/** Reasons that say that the leader did not work. A pin, an exclusion or a strategy does not. */
const faultReasons: ReadonlySet<Reason> = new Set<Reason>(['LeaderNotReady', 'LeaderUnhealthy']);
/** One pod a minute and Service: where every pod fails in turn, deleting them heals nothing. */
export const BUDGET_MS = 60_000;
/** Longer than a request that was sent in time can be on its way, and clocks may differ. */
export const CLAIM_MS = 20_000;
/** As long as a snapshot may be written from. */
export const SEND_WITHIN_MS = 3_000;
/** Claims without an answer of the API server, after which it is given up. */
const MAX_TRIES = 3;
const MAX_WHY_LENGTH = 300;

/** Null for a text that cannot be read. */
export function parseDemotion(text: string | undefined): Demotion | null {
  if (text === undefined) return null;
  let fields: Partial<Record<keyof Demotion, unknown>>;
  try {
    fields = (JSON.parse(text) ?? {}) as typeof fields;
  } catch {
    return null;
  }
  const { pod, uid, epoch, at, tries, why } = fields;
  const state = demotionStates.find((each) => each === fields.state);
  if (typeof pod !== 'string' || typeof uid !== 'string' || state === undefined) return null;
  if (!isCount(epoch) || !isCount(at) || !isCount(tries)) return null;
  return { pod, uid: uid as Uid, epoch, at, tries, state, ...(typeof why === 'string' && { why }) };
}

export function formatDemotion({ pod, uid, epoch, at, tries, state, why }: Demotion): string {
  return JSON.stringify({ pod, uid, epoch, at, tries, state, why: why?.slice(0, MAX_WHY_LENGTH) });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The pod that may not lead, because it is to go. */
export function barredBy({ demotion, leader }: LeaderRecord): Uid | undefined {
  const isBarring = demotion?.state === 'pending' && demotion.uid !== leader?.uid;
  return isBarring ? demotion.uid : undefined;
}

/**
 * What an election orders, for the write that carries it out. Null where the pod that was left goes
 * by itself, was left for another reason, or where the last demotion was less than a minute ago.
 */
export function orderOf(
  { read, record, snapshot }: Situation,
  { kind, reason, leader, previous, epoch }: Decision,
  now: number,
): DemotionOrder | null {
  const mode = read.settings.onDemote;
  if (mode === 'none' || kind !== 'elected') return null;
  const pod = snapshot.candidates.find(({ uid }) => uid === previous?.uid);
  if (pod === undefined || leader === null || pod.uid === leader.uid || !mayGo(pod)) return null;
  if (!isFault(reason, pod)) return null;
  if (isSpent(record.demotion, now)) return null;
  return { mode, demotion: { pod: pod.name, uid: pod.uid, epoch, at: now, tries: 1, state: 'pending' } };
}

/** A pod that gave up its role did so itself, or the application did it for it. */
function isFault(reason: Reason, pod: Candidate): boolean {
  return faultReasons.has(reason) || (reason === 'RoleTaken' && (pod.health?.role === 'other' || !pod.ready));
}

function mayGo(pod: Candidate): boolean {
  return pod.selected && !pod.terminating && !isFinished(pod);
}

/** An instant further ahead than clocks may differ comes from a wrong clock, and says nothing. */
function isSpent(last: Demotion | null, now: number): boolean {
  return last !== null && now - last.at < BUDGET_MS && last.at <= now + MAX_AHEAD_MS;
}

/** When a claim that no answer has settled is over. Null where there is none, or it is over. */
export function claimEndsAt({ demotion }: LeaderRecord, now: number): number | null {
  if (demotion?.state !== 'pending') return null;
  const endsAt = demotion.at + CLAIM_MS;
  return endsAt > now ? endsAt : null;
}

/**
 * The write about a demotion that is still pending: it is settled because the pod goes, or is
 * claimed again.
 */
export function demotionWrites(situation: Situation, { leader }: Decision, now: number): readonly Write[] {
  const { record, snapshot, read } = situation;
  const { demotion } = record;
  if (demotion?.state !== 'pending') return [];
  const pod = snapshot.candidates.find(({ uid }) => uid === demotion.uid);
  if (pod === undefined || pod.terminating || isFinished(pod)) return patchDemotion(record, settled(demotion, 'done'));
  if (now < demotion.at + CLAIM_MS && demotion.at <= now + CLAIM_MS) return [];
  const mode = read.settings.onDemote;
  if (mode === 'none' || pod.uid === leader?.uid || !mayGo(pod))
    return patchDemotion(record, settled(demotion, 'dropped'));
  if (demotion.tries >= MAX_TRIES)
    return patchDemotion(record, settled(demotion, 'refused', 'the API server gave no answer'));
  const again: Demotion = { ...demotion, at: now, tries: demotion.tries + 1 };
  return patchDemotion(record, again, { mode, demotion: again });
}

export function settled(demotion: Demotion, state: Exclude<Demotion['state'], 'pending'>, why?: string): Demotion {
  return { ...demotion, state, ...(why !== undefined && { why }) };
}

/** Records it on the slice that holds the record. */
export function patchDemotion(
  { slice }: Pick<LeaderRecord, 'slice'>,
  demotion: Demotion,
  demotes?: DemotionOrder,
): readonly Write[] {
  if (slice === null) return [];
  const { namespace, name, uid, resourceVersion } = slice;
  const annotations = { [annotation.demotion]: formatDemotion(demotion) };
  const patch = { metadata: { uid, resourceVersion, annotations } };
  const target = { stage: 'follow', kind: 'patch', resource: 'endpointslices', namespace, name } as const;
  return [{ ...target, uid, resourceVersion, patch, ...(demotes !== undefined && { demotes }) }];
}

/** Names a demotion that was refused, and one that the budget did not allow. */
export function demotionWarnings({ record, read }: Situation, { reason }: Pick<Choice, 'reason'>): readonly Warning[] {
  const { demotion, slice, knownEpoch, lastSwitchAt } = record;
  if (demotion === null || read.settings.onDemote === 'none' || reason === 'Paused') return [];
  if (demotion.state === 'refused' && demotion.epoch === knownEpoch) {
    const why = demotion.why ?? 'Kubernetes refused to end it';
    // What the API server says of a budget ends with a full stop already.
    const message = `Pod "${demotion.pod}", which was left, stays: ${why}${why.endsWith('.') ? '' : '.'}`;
    return [{ reason: 'DemotionRefused', value: demotion.pod, message }];
  }
  const wasFault = [...faultReasons].some((each) => each === slice?.annotations[annotation.reason]);
  const isOlder = demotion.epoch < knownEpoch && lastSwitchAt !== undefined;
  if (!wasFault || !isOlder || !isSpent(demotion, lastSwitchAt)) return [];
  const message = `The pod that was left at epoch ${knownEpoch} stays: zen-lead ends one pod a minute, and ended "${demotion.pod}" before.`;
  return [{ reason: 'DemotionSkipped', value: String(knownEpoch), message }];
}
