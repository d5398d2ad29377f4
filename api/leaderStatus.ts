/**
 * Sums up one annotated Service at a glance. `zen-lead status` and the status API show it, and the
 * OpenAPI document is generated from the schema here.
 *
 * Pure. Guarantees: `drift` and `warnings` come out of the functions that decide.
 */

import { z } from 'zod';
import { formatRfc3339 } from '../lib/events/rfc3339.ts';
import { assess } from '../lib/selection/assess.ts';
import { reasons } from '../lib/selection/decision.ts';
import { describeWrite } from '../lib/selection/describeWrite.ts';
import { viewsOf } from '../lib/selection/elections/electionsOf.ts';
import { isExcluded } from '../lib/selection/fitness.ts';
import { annotation } from '../lib/selection/names.ts';
import type { Verdict } from '../lib/selection/observation.ts';
import { liveVerdicts, type OutsideVerdict } from '../lib/selection/outsideVerdict.ts';
import type { Overlap } from '../lib/selection/overlap.ts';
import { readRecord } from '../lib/selection/record.ts';
import { type ScaleRecord, scalePhases } from '../lib/selection/scaleRecord.ts';
import { scaleText } from '../lib/selection/scaleText.ts';
import { parseSettings } from '../lib/selection/settings.ts';
import type { Snapshot, Uid } from '../lib/selection/snapshot.ts';
import { changeSchema, toStatusHistory } from './leaderHistory.ts';

const instant = z.string().meta({ format: 'date-time' });

const leaderSchema = z.object({
  name: z.string(),
  uid: z.string(),
  node: z.string().nullable(),
  zone: z.string().nullable(),
  address: z
    .string()
    .nullable()
    .meta({ description: 'IP that is routed to, of the primary family; null where none is.' }),
});

const healthSchema = z.object({
  check: z.string().meta({ description: 'The annotation as it is written.' }),
  observer: z.string().nullable().meta({ description: 'The bridge that runs it; null where no verdict is known.' }),
  leader: z.enum(['passing', 'failing']).nullable().meta({ description: 'The verdict on the leader.' }),
  since: instant.nullable().meta({ description: 'Since when the leader has it.' }),
  detail: z.string().nullable().meta({ description: 'Why the leader fails.' }),
  passing: z.int().meta({ description: 'Pods that pass.' }),
  failing: z.int().meta({ description: 'Pods that fail.' }),
});

const rolesSchema = z.object({
  check: z.string().meta({ description: 'The annotation as it is written.' }),
  observer: z.string().nullable().meta({ description: 'The bridge that asks; null where no role is known.' }),
  leader: z
    .enum(['primary', 'other', 'silent'])
    .nullable()
    .meta({ description: 'What the leader says of itself; null where it was not asked yet.' }),
  since: instant.nullable().meta({ description: 'Since when the leader says so.' }),
  detail: z.string().nullable().meta({ description: 'Why the leader gives no answer.' }),
  primaries: z.array(z.string()).meta({ description: 'The pods that say that they are the primary, by name.' }),
});

const verdictSchema = z.object({
  pod: z.string().meta({ description: 'The name of the pod.' }),
  fit: z.boolean(),
  by: z.string().meta({ description: 'The caller.' }),
  reason: z.string(),
  until: instant.meta({ description: 'After that it changes nothing.' }),
});

const handoverSchema = z
  .object({
    from: z.string().meta({ description: 'The pod that is routed to beside the leader.' }),
    until: instant.meta({ description: 'When it leaves the route, if the leader stays Ready.' }),
  })
  .meta({ description: 'Absent unless a handover overlaps now (zen-lead.io/handover).' });

const baseSchema = z.object({
  namespace: z.string(),
  service: z.string().meta({ description: 'The annotated Service.' }),
  leaderService: z.string().nullable().meta({ description: 'The Service that routes to the leader.' }),
  leader: leaderSchema.nullable().meta({ description: 'The recorded leader; null where no pod leads.' }),
  handover: handoverSchema.exactOptional(),
  since: instant.nullable().meta({ description: 'When the leader last changed.' }),
  epoch: z.int().min(0).meta({ description: 'Fencing token: grows with every election.' }),
  lastReason: z.string().nullable().meta({ description: 'Why the leader last changed.' }),
  history: z.array(changeSchema).meta({ description: 'The last ten leaders that were announced, the newest first.' }),
  decision: z.enum(['elected', 'kept', 'lost', 'refused']).meta({ description: 'What the rules say now.' }),
  reason: z.enum(reasons).meta({ description: 'Why they say so.' }),
  paused: z.boolean().meta({ description: 'Frozen by zen-lead.io/paused.' }),
  pods: z.object({ ready: z.int(), total: z.int() }).meta({ description: 'Pods that the Service selects.' }),
  excluded: z.array(z.string()).meta({ description: 'The pods that zen-lead.io/exclude keeps from leading, by name.' }),
  healthCheck: healthSchema
    .nullable()
    .meta({ description: 'Null where the Service asks for no check, or also for roles.' }),
  roleCheck: rolesSchema.nullable().meta({ description: 'Null where the Service does not ask for roles.' }),
  scaleDown: z
    .object({ phase: z.enum(['waiting', ...scalePhases]), text: z.string() })
    .exactOptional()
    .meta({ description: 'What zen-lead.io/scale-down does, and why not. Absent without it.' }),
  verdicts: z.array(verdictSchema).meta({ description: 'What callers from outside say of pods now.' }),
  drift: z.array(z.string()).meta({ description: 'What is not yet as the rules want it; empty when all is.' }),
  warnings: z.array(z.object({ reason: z.string(), message: z.string() })),
  nextLookAt: instant
    .nullable()
    .meta({ description: 'When time alone may change the decision; null where only an event can.' }),
});

const electionSchema = baseSchema
  .pick({
    leaderService: true,
    leader: true,
    handover: true,
    since: true,
    epoch: true,
    lastReason: true,
    history: true,
    decision: true,
    reason: true,
    paused: true,
    drift: true,
    warnings: true,
    nextLookAt: true,
  })
  .extend({
    election: z.string().meta({ description: 'Its name; empty where the Service names none.' }),
    slot: z.int().min(0).meta({ description: 'Of a pool, from 0.' }),
  });

export const leaderStatusSchema = baseSchema
  .extend({
    elections: z.array(electionSchema).exactOptional().meta({
      description: 'Of a Service with several elections, or a pool, each one. The other fields are of the first.',
    }),
  })
  .meta({ description: 'One annotated Service and its leader.' });

type RoleStatus = z.infer<typeof rolesSchema>;
export type LeaderStatus = Readonly<z.infer<typeof leaderStatusSchema>>;

export type ElectionStatus = Readonly<z.infer<typeof electionSchema>>;

export function toLeaderStatus(snapshot: Snapshot, now: number): LeaderStatus {
  const [first, ...others] = viewsOf(snapshot);
  const status = statusOf(first, now);
  if (first.election === undefined) return status;
  const elections = [
    toElectionStatus(first, status),
    ...others.map((view) => toElectionStatus(view, statusOf(view, now))),
  ];
  // RFC 3339 of one form, which orders as text.
  const [nextLookAt = null] = elections.flatMap((each) => each.nextLookAt ?? []).toSorted();
  return { ...status, nextLookAt, elections };
}

function toElectionStatus({ election }: Snapshot, status: z.infer<typeof baseSchema>): ElectionStatus {
  return electionSchema.parse({ ...status, election: election?.election, slot: election?.slot });
}

function statusOf(snapshot: Snapshot, now: number): z.infer<typeof baseSchema> {
  const { decision, writes, nextLookAt } = assess(snapshot, now);
  const record = readRecord(snapshot);
  const selected = snapshot.candidates.filter((pod) => pod.selected);
  return {
    namespace: snapshot.namespace,
    service: snapshot.name,
    leaderService: decision.plan?.leaderServiceName ?? record.leaderServiceName,
    leader:
      record.leader === null
        ? null
        : {
            name: record.leader.name,
            uid: record.leader.uid,
            node: record.leader.nodeName ?? null,
            zone: record.leader.zone ?? null,
            address: record.routedAddress,
          },
    ...(decision.kind === 'kept' && toHandover(decision.plan?.overlap)),
    since: record.lastSwitchAt === undefined ? null : formatRfc3339(record.lastSwitchAt),
    epoch: record.knownEpoch,
    lastReason: record.slice?.annotations[annotation.reason] ?? null,
    history: toStatusHistory(record, snapshot.election?.slot),
    decision: decision.kind,
    reason: decision.reason,
    paused: decision.reason === 'Paused',
    pods: { ready: selected.filter((pod) => pod.ready && !pod.terminating).length, total: selected.length },
    excluded: selected
      .filter(isExcluded)
      .map(({ name }) => name)
      .toSorted(),
    healthCheck: toHealthStatus(snapshot, record.leader?.uid),
    roleCheck: toRoleStatus(snapshot, record.leader?.uid),
    ...toScaleStatus(snapshot, record.scale),
    verdicts: toVerdictStatus(snapshot, record.verdicts, now),
    drift: writes.map(describeWrite),
    warnings: decision.warnings.map(({ reason, message }) => ({ reason, message })),
    nextLookAt: nextLookAt === null ? null : formatRfc3339(nextLookAt),
  };
}

/** What is decided goes on with what stands in the record, as long as it is no election. */
export function toHandover(overlap: Overlap | undefined): { readonly handover?: z.infer<typeof handoverSchema> } {
  return overlap === undefined ? {} : { handover: { from: overlap.pod.name, until: formatRfc3339(overlap.endsAt) } };
}

function toScaleStatus({ source }: Snapshot, record: ScaleRecord | null): Pick<LeaderStatus, 'scaleDown'> {
  const text = scaleText(record, source?.annotations[annotation.scaleDown] !== undefined);
  return text === undefined ? {} : { scaleDown: { phase: record?.phase ?? 'waiting', text } };
}

/** A pod that is gone leaves its verdicts without a meaning. */
function toVerdictStatus({ candidates }: Snapshot, verdicts: readonly OutsideVerdict[], now: number) {
  return liveVerdicts(verdicts, now).flatMap(({ pod: uid, fit, by, reason, until }) => {
    const pod = candidates.find((each) => each.uid === uid)?.name;
    return pod === undefined ? [] : [{ pod, fit, by, reason, until: formatRfc3339(until) }];
  });
}

function toHealthStatus({ source, observer, candidates }: Snapshot, leaderUid: Uid | undefined) {
  const { healthCheck } = parseSettings(source?.annotations ?? {}).settings;
  if (healthCheck === null) return null;
  const leader = candidates.find(({ uid }) => uid === leaderUid)?.health;
  const count = (verdict: Verdict): number => candidates.filter(({ health }) => health?.verdict === verdict).length;
  return {
    check: healthCheck.raw,
    observer: observer ?? null,
    leader: leader?.verdict ?? null,
    since: leader === undefined ? null : formatRfc3339(leader.since),
    detail: leader?.detail ?? null,
    passing: count('passing'),
    failing: count('failing'),
  };
}

function toRoleStatus({ source, observer, candidates }: Snapshot, leaderUid: Uid | undefined): RoleStatus | null {
  const { roleCheck } = parseSettings(source?.annotations ?? {}).settings;
  if (roleCheck === null) return null;
  const leader = candidates.find(({ uid }) => uid === leaderUid)?.health;
  const primaries = candidates.filter(({ health }) => health?.role === 'primary').map(({ name }) => name);
  return {
    check: source?.annotations[annotation.roleCheck] ?? '',
    observer: observer ?? null,
    leader: leader === undefined ? null : (leader.role ?? 'silent'),
    since: leader === undefined ? null : formatRfc3339(leader.since),
    detail: leader?.detail ?? null,
    primaries: primaries.toSorted(),
  };
}
