/**
 * decideUp: says the next step for a workload that is not scaled down: why it stays so, whom to
 * elect, or that the claim is to be written.
 */

import { type Refusal, type ScaleRecord, toReplicas } from '../selection/scaleRecord.ts';
import type { Uid } from '../selection/snapshot.ts';
import { isCredible, predict } from './predict.ts';
import type { Prediction } from './predictSurvivor.ts';
import type { FoundWorkload, ScaleInput, ScaleStep } from './scaleInput.ts';
import type { WorkloadPod } from './workloadPod.ts';

/** How soon to look again where the order of the pods is about to change. */
const UNSTABLE_MS = 10_000;

const idle: ScaleStep = { kind: 'wait', until: null };

export function decideUp(input: ScaleInput, now: number): ScaleStep {
  const { setting, leader, record, remembered, facts, conflict } = input;
  const before = toReplicas(remembered);
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
  const prediction = predict(live, pods, leader.uid, now, rivals.hpaMax !== null);
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
  // A bare pod was never scaled.
  if (live.kind === 'unsupported') return { kind: 'remember', replicas: null };
  if (live.kind === 'gone') return idle;
  const { of: kind, name: workload, uid, replicas: to } = live;
  if (to < 1 || to >= from) return { kind: 'remember', replicas: null };
  const pod = leader?.name ?? '';
  const survivor = leader?.uid ?? ('' as Uid);
  const record = { at: now, downAt: now, workload: { kind, name: workload, uid }, from, to, survivor, pod };
  return { kind: 'note', record: { phase: 'restore', ...record } };
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
