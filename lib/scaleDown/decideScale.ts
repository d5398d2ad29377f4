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

import type { StandingRecord } from '../selection/scaleRecord.ts';
import { decideUp } from './decideUp.ts';
import { isCredible, isSurelyBefore, predict } from './predict.ts';
import type { FoundWorkload, ScaleInput, ScaleStep } from './scaleInput.ts';
import type { WorkloadPod } from './workloadPod.ts';

/**
 * How long a function that decided to scale may take. Longer than a request that was sent in time
 * can be on its way; functions send within 3 s, and their clocks may differ by seconds.
 */
export const CLAIM_MS = 20_000;
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
  const prediction = predict(live, pods, record.survivor, now, isByHpa);
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
  return active.filter(({ createdAt }) => isSurelyBefore(createdAt, downAt)).length >= to;
}
