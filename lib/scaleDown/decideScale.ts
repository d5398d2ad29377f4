/**
 * decideScale: says the next step of scale-down for one Service, one step at a time.
 *
 * It elects the pod that will survive, writes down what there was, and scales. Every step before
 * the last can be repeated, and nothing is scaled that was not written down.
 *
 * Guarantees: pure. D1: it never asks for fewer than one replica more than `warm`. D2: it scales
 * down only where the leader is the pod that survives, as the record of the slice and the pods
 * just read both say. D3: before it scales down, slice and leader Service say what to restore, and
 * they say it until that is done. A number that another client wrote is left alone.
 * Does not guarantee the order of a controller that is not the one of Kubernetes.
 */

import type { Refusal, ScaleRecord, StandingRecord } from '../selection/scaleRecord.ts';
import type { Uid } from '../selection/snapshot.ts';
import { type Prediction, predictOfReplicaSet, predictOfStatefulSet } from './predictSurvivor.ts';
import type { Live } from './workload.ts';
import type { WorkloadPod } from './workloadPod.ts';

export interface ScaleInput {
  /** Null where the Service does not ask for it, is not enabled, or goes. */
  readonly setting: ScaleSetting | null;
  /** Paused, or a value cannot be read. Nothing but a lost leader changes anything then. */
  readonly isFrozen: boolean;
  /** What the settings of the Service alone say against it. */
  readonly conflict: Refusal | null;
  readonly leader: ScaleLeader | null;
  /** The pods that the rules would elect in the leader's place. */
  readonly electable: ReadonlySet<Uid>;
  readonly record: ScaleRecord | null;
  /** `zen-lead.io/scale-restore` of the leader Service. */
  readonly remembered: string | undefined;
  readonly facts: Facts;
}

export interface ScaleSetting {
  readonly warm: number;
  readonly afterMs: number;
  /** As the user wrote it. */
  readonly value: string;
}

export interface ScaleLeader {
  readonly uid: Uid;
  readonly name: string;
  /** Ready, not terminating, and kept because it is fit. */
  readonly isFit: boolean;
  /** Since when it leads and is Ready, epoch milliseconds. */
  readonly settledAt: number;
}

/** What has been read of the cluster. Undefined: not yet. */
export interface Facts {
  readonly live?: Live | undefined;
  readonly pods?: readonly WorkloadPod[];
  /** A pod that the Service selects and another workload owns. Read with the pods. */
  readonly stranger?: string | undefined;
  readonly rivals?: Rivals;
}

export interface Rivals {
  readonly refusal: Refusal | null;
  /** `maxReplicas` of an HPA that scales by `zen_lead_wanted_replicas`. */
  readonly hpaMax: number | null;
}

export type ScaleStep =
  /** Nothing to do before `until`, or before the next event. */
  | { readonly kind: 'wait'; readonly until: number | null }
  | { readonly kind: 'read'; readonly what: 'live' | 'rivals' | 'pods' }
  /** Write the record on the slice. */
  | { readonly kind: 'note'; readonly record: ScaleRecord | null }
  /** Write `zen-lead.io/scale-restore` on the leader Service. */
  | { readonly kind: 'remember'; readonly replicas: number | null }
  | { readonly kind: 'scale'; readonly to: number; readonly live: FoundWorkload; readonly isUp: boolean };

export type FoundWorkload = Extract<Live, { kind: 'found' }>;

/**
 * How long a function that decided to scale may take. Longer than a request that was sent in time
 * can be on its way; functions send within 3 s, and their clocks may differ by seconds.
 */
export const CLAIM_MS = 20_000;
/** How far clocks may differ. */
const MAX_AHEAD_MS = 5_000;
/** The controller sorts within a second of the write. A busy one takes longer. */
const SORTS_WITHIN_MS = 15_000;
/** An HPA looks every 15 s, after its stabilization window. */
const HPA_SORTS_WITHIN_MS = 120_000;
/** How soon to look again where the order of the pods is about to change. */
const UNSTABLE_MS = 10_000;

const idle: ScaleStep = { kind: 'wait', until: null };

export function decideScale(input: ScaleInput, now: number): ScaleStep {
  const { record } = input;
  if (record?.phase === 'restore') return decideRestore(input, record, now);
  if (record?.phase === 'down') return decideDown(input, record, now);
  return decideUp(input, now);
}

/** The workload is scaled down, or may be at any moment. */
function decideDown(input: ScaleInput, record: Extract<StandingRecord, { phase: 'down' }>, now: number): ScaleStep {
  const { setting, leader, facts, remembered } = input;
  const { problem: _problem, ...rest } = record;
  const back: ScaleStep = { kind: 'note', record: { ...rest, phase: 'restore', at: now, downAt: record.at } };
  const isLost = leader === null || !leader.isFit || leader.uid !== record.survivor;
  if (isLost || setting === null || input.conflict !== null) return back;
  if (input.isFrozen) return idle;
  if (record.to !== 1 + setting.warm) return back;
  const isByHpa = record.by === 'hpa';
  if (!isByHpa && remembered !== String(record.from)) return { kind: 'remember', replicas: record.from };
  const { live, rivals, pods } = facts;
  if (live === undefined) return { kind: 'read', what: 'live' };
  if (live.kind !== 'found' || live.uid !== record.workload.uid) return back;
  if (rivals === undefined) return { kind: 'read', what: 'rivals' };
  if (rivals.refusal !== null || (rivals.hpaMax !== null) !== isByHpa) return back;
  if (live.replicas === record.to || (isByHpa && live.replicas < record.to)) return idle;
  if (!isByHpa && !isToBeScaled(record, live, now)) return back;
  if (pods === undefined) return { kind: 'read', what: 'pods' };
  const prediction = predict(live, ofOneOwner(pods, record.survivor), now, isByHpa);
  const survives = prediction.kind === 'survivor' && prediction.pod.uid === record.survivor && !live.isRollingOut;
  if (!survives) return back;
  return isByHpa ? idle : { kind: 'scale', to: record.to, live, isUp: false };
}

/** Only within the claim. A number that comes back later was written by another client. */
function isToBeScaled({ at, from, to }: StandingRecord, { replicas }: FoundWorkload, now: number): boolean {
  return replicas === from && from > to && now - at < CLAIM_MS && isCredible(at, now);
}

/**
 * Restores, and waits until no request to scale down can be on its way. Only then what there was is
 * forgotten, the leader Service first.
 */
function decideRestore(
  { setting, facts, remembered }: ScaleInput,
  record: Extract<StandingRecord, { phase: 'restore' }>,
  now: number,
): ScaleStep {
  if (!isCredible(record.at, now)) return { kind: 'note', record: { ...record, at: now } };
  const { live, pods } = facts;
  if (live === undefined) return { kind: 'read', what: 'live' };
  if (live.kind === 'found' && live.uid === record.workload.uid) {
    const isByHpa = record.by === 'hpa';
    if (!isByHpa && live.replicas === record.to && record.from > record.to)
      return { kind: 'scale', to: record.from, live, isUp: true };
    if (!isByHpa && now < record.at + CLAIM_MS) return { kind: 'wait', until: record.at + CLAIM_MS };
    // An HPA may not have scaled down yet.
    const maySay = setting !== null && (!isByHpa || live.replicas <= record.to);
    if (maySay && pods === undefined) return { kind: 'read', what: 'pods' };
  }
  if (remembered !== undefined) return { kind: 'remember', replicas: null };
  if (setting === null) return { kind: 'note', record: null };
  if (pods !== undefined && isMispredicted(record, pods)) {
    const message = `another pod than "${record.pod}" survived ${record.workload.kind} "${record.workload.name}" at ${record.to} replicas. Scale-down stays off until zen-lead.io/scale-down changes.`;
    return { kind: 'note', record: { phase: 'off', at: now, value: setting.value, message } };
  }
  return { kind: 'note', record: { phase: 'up', at: now, ...(record.by === 'hpa' && { from: record.from }) } };
}

/**
 * The controller kept as many others as it was asked to keep. Where the leader went by itself, one
 * of the older pods is missing.
 */
function isMispredicted(
  { survivor, downAt, to }: StandingRecord & { downAt: number },
  pods: readonly WorkloadPod[],
): boolean {
  const active = pods.filter(({ isActive }) => isActive);
  if (active.some(({ uid }) => uid === survivor)) return false;
  return active.filter(({ createdAt }) => createdAt <= downAt).length >= to;
}

/** Nothing is scaled down. */
function decideUp(input: ScaleInput, now: number): ScaleStep {
  const { setting, leader, record, remembered, facts, conflict } = input;
  const before = toCount(remembered);
  if (before !== null) return recover(input, before, now);
  if (remembered !== undefined) return { kind: 'remember', replicas: null };
  if (setting === null) return record === null ? idle : { kind: 'note', record: null };
  if (record?.phase === 'off' && record.value === setting.value) return idle;
  if (input.isFrozen || leader === null || !leader.isFit) return idle;
  if (conflict !== null) return refuse(record, conflict, now);
  const since = record?.phase === 'up' && isCredible(record.at, now) ? record.at : Number.NEGATIVE_INFINITY;
  const dueAt = Math.max(leader.settledAt, since) + setting.afterMs;
  if (now < dueAt) return { kind: 'wait', until: dueAt };

  const { live, rivals, pods } = facts;
  if (live === undefined) return { kind: 'read', what: 'live' };
  if (live.kind === 'unsupported') return refuse(record, { reason: 'UnsupportedWorkload', message: live.message }, now);
  if (live.kind === 'gone') return idle;
  const to = 1 + setting.warm;
  if (live.replicas < to) return clear(record);
  if (rivals === undefined) return { kind: 'read', what: 'rivals' };
  if (rivals.refusal !== null) return refuse(record, rivals.refusal, now);
  const from = rivals.hpaMax ?? live.replicas;
  if (from <= to) return clear(record);
  if (live.isRollingOut)
    return refuse(record, { reason: 'RolloutInProgress', message: `${name(live)} is being rolled out.` }, now);
  if (pods === undefined) return { kind: 'read', what: 'pods' };
  if (facts.stranger !== undefined) {
    const message = `pod "${facts.stranger}" of the Service is not one of ${name(live)}.`;
    return refuse(record, { reason: 'SeveralWorkloads', message }, now);
  }
  const prediction = predict(live, ofOneOwner(pods, leader.uid), now, rivals.hpaMax !== null);
  if (prediction.kind === 'unstable') return { kind: 'wait', until: now + UNSTABLE_MS };
  if (prediction.kind !== 'survivor') return refuse(record, whyNone(live, prediction), now);
  const { uid: survivor, name: pod } = prediction.pod;
  if (survivor !== leader.uid) return elect(input, prediction.pod, now);
  const workload = { kind: live.of, name: live.name, uid: live.uid };
  const by = rivals.hpaMax === null ? {} : ({ by: 'hpa' } as const);
  return { kind: 'note', record: { phase: 'down', at: now, workload, from, to, survivor, pod, ...by } };
}

/** Asks for the election of the pod that will survive. It is carried out by the rules. */
function elect({ record, electable }: ScaleInput, { uid, name: pod }: WorkloadPod, now: number): ScaleStep {
  if (!electable.has(uid)) {
    const message = `pod "${pod}" would survive, and may not take over from the leader now.`;
    return refuse(record, { reason: 'SurvivorUnfit', message }, now);
  }
  const isAsked = record?.phase === 'elect' && record.survivor === uid && isCredible(record.at, now);
  if (isAsked && now < record.at + UNSTABLE_MS) return { kind: 'wait', until: record.at + UNSTABLE_MS };
  return { kind: 'note', record: { phase: 'elect', at: now, survivor: uid, pod } };
}

/** The slice has lost its record, and the leader Service still says what there was. */
function recover({ leader, facts }: ScaleInput, from: number, now: number): ScaleStep {
  const { live } = facts;
  if (live === undefined) return { kind: 'read', what: 'live' };
  if (live.kind !== 'found') return idle;
  const { of: kind, name: workload, uid, replicas: to } = live;
  if (to < 1 || to >= from) return { kind: 'remember', replicas: null };
  const pod = leader?.name ?? '';
  const survivor = leader?.uid ?? ('' as Uid);
  const record = { at: now, downAt: now, workload: { kind, name: workload, uid }, from, to, survivor, pod };
  return { kind: 'note', record: { phase: 'restore', ...record } };
}

/** The ReplicaSet controller sorts the pods of one ReplicaSet. */
function ofOneOwner(pods: readonly WorkloadPod[], uid: Uid): readonly WorkloadPod[] {
  const owner = pods.find((pod) => pod.uid === uid)?.owner?.uid;
  return pods.filter((pod) => pod.owner?.uid === owner);
}

function predict(live: FoundWorkload, pods: readonly WorkloadPod[], now: number, isByHpa: boolean): Prediction {
  if (live.of === 'StatefulSet') return predictOfStatefulSet(pods, live.name, live.firstOrdinal);
  const to = now + (isByHpa ? HPA_SORTS_WITHIN_MS : SORTS_WITHIN_MS);
  return predictOfReplicaSet(pods, { from: now - MAX_AHEAD_MS, to });
}

function whyNone(live: FoundWorkload, { kind }: Prediction): Refusal {
  const message =
    kind === 'tie'
      ? `two pods of ${name(live)} are equal in the order in which Kubernetes deletes them, so that either may survive.`
      : `${name(live)} has no pod that would surely survive.`;
  return { reason: 'NoSurvivor', message };
}

function name({ of, name: workload }: FoundWorkload): string {
  return `${of} "${workload}"`;
}

function refuse(record: ScaleRecord | null, { reason, message }: Refusal, now: number): ScaleStep {
  const isSame = record?.phase === 'refused' && record.reason === reason && record.message === message;
  return isSame ? idle : { kind: 'note', record: { phase: 'refused', at: now, reason, message } };
}

/** What stood in the way no longer does, and there is nothing to scale. */
function clear(record: ScaleRecord | null): ScaleStep {
  return record?.phase === 'refused' || record?.phase === 'elect' || record?.phase === 'off'
    ? { kind: 'note', record: null }
    : idle;
}

/** An instant further ahead than clocks may differ comes from a wrong clock. */
function isCredible(at: number, now: number): boolean {
  return at <= now + MAX_AHEAD_MS;
}

function toCount(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}
