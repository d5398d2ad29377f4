/**
 * ScaleRecord: what scale-down has done, or asks for, as it stands on the slice that holds the
 * record. docs/reference/objects.md#the-record-of-scale-down
 *
 * Guarantees: pure. A text that cannot be read counts as none. The leader Service then still says
 * how many replicas there were (`zen-lead.io/scale-restore`).
 */

import type { Warning } from './decision.ts';
import type { Candidate, Uid } from './snapshot.ts';

export const refusalReasons = [
  'NotEnabled', // the functions run without --scale-down
  'Forbidden', // the API server refuses what scale-down needs
  'UnsupportedWorkload', // neither a Deployment nor a StatefulSet owns the leader
  'SeveralWorkloads', // the Service selects pods of others, too
  'SeveralLeaders', // several elections, or `active` above 1
  'Followers', // a followers Service needs followers
  'Autoscaled', // an HPA or a ScaledObject writes the same number
  'SharedPods', // another opted-in Service has the same pods
  'RolloutInProgress',
  'NoSurvivor', // the order of the controller leaves two pods equal
  'SurvivorUnfit', // the pod that would survive may not lead
  'Mispredicted', // another pod survived than was predicted
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export const scalePhases = ['refused', 'elect', 'down', 'restore', 'up', 'off'] as const;

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

export interface WorkloadRef {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
  readonly uid: Uid;
}

interface Scaled {
  /** Epoch milliseconds, when this phase began. */
  readonly at: number;
  readonly workload: WorkloadRef;
  /** Replicas before and after. */
  readonly from: number;
  readonly to: number;
  /** The leader, which has to survive. */
  readonly survivor: Uid;
  readonly pod: string;
  /** An HPA scales by the gauge, and zen-lead writes no scale. */
  readonly by?: 'hpa';
  /** What keeps it from going on. */
  readonly problem?: string;
}

export type ScaleRecord =
  | { readonly phase: 'refused'; readonly at: number; readonly reason: RefusalReason; readonly message: string }
  /** The survivor is to be elected. */
  | { readonly phase: 'elect'; readonly at: number; readonly survivor: Uid; readonly pod: string }
  | ({ readonly phase: 'down' } & Scaled)
  /** `downAt`: when the phase `down` began. */
  | ({ readonly phase: 'restore'; readonly downAt: number } & Scaled)
  /** Restored, so that the wait begins again. `from`: what an HPA is to scale to meanwhile. */
  | { readonly phase: 'up'; readonly at: number; readonly from?: number }
  /** Mispredicted: off while the annotation has this value. */
  | { readonly phase: 'off'; readonly at: number; readonly value: string; readonly message: string };

export type StandingRecord = Extract<ScaleRecord, { phase: 'down' | 'restore' }>;

/** As long as a mark to elect the survivor counts. By then the order may be another one. */
export const ELECT_WITHIN_MS = 20_000;
const MAX_TEXT = 300;

/** Replicas may be below what they were, so that something is left to restore. */
export function isStanding(record: ScaleRecord | null): record is StandingRecord {
  return record?.phase === 'down' || record?.phase === 'restore';
}

/** The pod that is to be elected so that it leads when the others go. */
export function askedSurvivor(record: ScaleRecord | null, now: number): Uid | undefined {
  if (record?.phase !== 'elect') return undefined;
  return Math.abs(now - record.at) < ELECT_WITHIN_MS ? record.survivor : undefined;
}

/** Whether this pod leads because the others go or have gone. A strategy then moves no leader. */
export function isKeptBy(record: ScaleRecord | null, { uid }: Pick<Candidate, 'uid'>): boolean {
  return (record?.phase === 'down' || record?.phase === 'elect') && record.survivor === uid;
}

/** Null for a text that cannot be read. */
export function parseScaleRecord(text: string | undefined): ScaleRecord | null {
  if (text === undefined) return null;
  let fields: Fields;
  try {
    fields = (JSON.parse(text) ?? {}) as Fields;
  } catch {
    return null;
  }
  const { phase, at, value, survivor, pod, from } = fields;
  const message = asText(fields['message']) ?? '';
  if (!isCount(at)) return null;
  const reason = refusalReasons.find((each) => each === fields['reason']);
  if (phase === 'refused') return reason === undefined ? null : { phase, at, reason, message };
  if (phase === 'off') return typeof value === 'string' ? { phase, at, value, message } : null;
  if (phase === 'up') return { phase, at, ...(isCount(from) && { from }) };
  if (phase === 'elect' && typeof survivor === 'string' && typeof pod === 'string')
    return { phase, at, survivor: survivor as Uid, pod };
  if (phase !== 'down' && phase !== 'restore') return null;
  const scaled = parseScaled(fields, at);
  if (scaled === null) return null;
  if (phase === 'down') return { phase, ...scaled };
  return { phase, downAt: isCount(fields['downAt']) ? fields['downAt'] : at, ...scaled };
}

type Fields = Readonly<Record<string, unknown>>;

function parseScaled(fields: Fields, at: number): Scaled | null {
  const { workload, from, to, survivor, pod, by } = fields;
  const { kind, name, uid } = (typeof workload === 'object' && workload !== null ? workload : {}) as Fields;
  if (kind !== 'Deployment' && kind !== 'StatefulSet') return null;
  if (typeof name !== 'string' || typeof uid !== 'string') return null;
  if (!isCount(from) || !isCount(to) || to < 1) return null;
  if (typeof survivor !== 'string' || typeof pod !== 'string') return null;
  const problem = asText(fields['problem']);
  return {
    at,
    workload: { kind, name, uid: uid as Uid },
    from,
    to,
    survivor: survivor as Uid,
    pod,
    ...(by === 'hpa' && { by }),
    ...(problem !== undefined && { problem }),
  };
}

export function formatScaleRecord(record: ScaleRecord): string {
  const cut = (text: string): string => text.slice(0, MAX_TEXT);
  if (record.phase === 'refused' || record.phase === 'off')
    return JSON.stringify({ ...record, message: cut(record.message) });
  if (isStanding(record) && record.problem !== undefined)
    return JSON.stringify({ ...record, problem: cut(record.problem) });
  return JSON.stringify(record);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What `zen-lead.io/scale-restore` says. Null for a text that is not such a number. */
export function toReplicas(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

/**
 * How many replicas the workload should have. Null where zen-lead has no wish: an HPA then leaves
 * them as they are. The number of pods would be no wish, because it is less while they start.
 */
export function wantedReplicas(record: ScaleRecord | null): number | null {
  if (record?.phase === 'down') return record.to;
  return (record?.phase === 'restore' || record?.phase === 'up' ? record.from : undefined) ?? null;
}

/** Why nothing is scaled, for a Service that asks for it. `value`: of `zen-lead.io/scale-down`. */
export function scaleWarnings(record: ScaleRecord | null, value: string | undefined): readonly Warning[] {
  if (record?.phase === 'refused' && value !== undefined) return [refused(record.reason, record.message)];
  if (record?.phase === 'off' && value === record.value) return [refused('Mispredicted', record.message)];
  if (isStanding(record) && record.problem !== undefined) return [refused('Forbidden', record.problem)];
  return [];
}

function refused(reason: RefusalReason, message: string): Warning {
  return { reason: 'ScaleDownRefused', value: reason, message: `${reason}: ${message}` };
}
