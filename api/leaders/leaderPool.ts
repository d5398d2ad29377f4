/**
 * Says who leads one pool, and why each member may or may not: the answer of
 * `GET /v1/leader/pool/{name}`. The OpenAPI document is generated from the schema here.
 *
 * Pure. Guarantees: who is fit comes out of the functions that decide.
 */

import { z } from 'zod';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import { explain, type Standing } from '../../lib/selection/explain.ts';
import { annotation } from '../../lib/selection/names.ts';
import { readRecord } from '../../lib/selection/record.ts';
import type { Snapshot, Uid } from '../../lib/selection/snapshot.ts';

const poolLeaderSchema = z.object({
  name: z.string(),
  uid: z.string(),
  address: z.string().nullable().meta({ description: 'IP that is routed to, of the primary family.' }),
  node: z.string().nullable(),
  zone: z.string().nullable(),
});

const memberSchema = z.object({
  name: z.string(),
  role: z.enum(['leader', 'follower']),
  fit: z.boolean().meta({ description: 'The pod could be routed to now.' }),
  why: z
    .string()
    .nullable()
    .meta({ description: 'Why it is not fit, or why it may not be elected yet (waiting, unjudged).' }),
});

export const leaderPoolSchema = z
  .object({
    pool: z.string().meta({ description: 'The annotated Service.' }),
    namespace: z.string(),
    election: z.string().meta({ description: 'Always empty: a pool has one election today.' }),
    leader: poolLeaderSchema.nullable().meta({ description: 'The recorded leader; null where no pod leads.' }),
    epoch: z.int().min(0).meta({ description: 'Fencing token: grows with every election. It is the ETag.' }),
    since: z.string().nullable().meta({ format: 'date-time', description: 'When the leader last changed.' }),
    reason: z.string().nullable().meta({ description: 'Why the leader last changed.' }),
    members: z.array(memberSchema).meta({ description: 'Pods that the Service selects, and the leader.' }),
  })
  .meta({ description: 'One pool and its leader.' });

export type LeaderPool = Readonly<z.infer<typeof leaderPoolSchema>>;

/** What one pool says, and what its readers need beside it. */
export interface PoolView {
  readonly pool: LeaderPool;
  /** Of the members, to find who asks. */
  readonly uids: ReadonlySet<Uid>;
  /** When time alone may change it; null where only an event can. */
  readonly nextLookAt: number | null;
}

export function toLeaderPool(whole: Snapshot, now: number): PoolView {
  const [snapshot] = viewsOf(whole);
  const { pods, nextLookAt } = explain(snapshot, now);
  const record = readRecord(snapshot);
  const { leader } = record;
  return {
    pool: {
      pool: snapshot.name,
      namespace: snapshot.namespace,
      election: '',
      leader:
        leader === null
          ? null
          : {
              name: leader.name,
              uid: leader.uid,
              address: record.routedAddress,
              node: leader.nodeName ?? null,
              zone: leader.zone ?? null,
            },
      epoch: record.knownEpoch,
      since: record.lastSwitchAt === undefined ? null : formatRfc3339(record.lastSwitchAt),
      reason: record.slice?.annotations[annotation.reason] ?? null,
      members: pods.map(({ pod, standing, keptAlthough }) => {
        const why = keptAlthough ?? describe(standing);
        return {
          name: pod.name,
          role: pod.uid === leader?.uid ? 'leader' : 'follower',
          fit: keptAlthough === null && standing.kind !== 'unfit',
          why,
        };
      }),
    },
    uids: new Set(pods.map(({ pod }) => pod.uid)),
    nextLookAt,
  };
}

function describe(standing: Standing): string | null {
  if (standing.kind === 'unfit') return standing.why;
  return standing.kind === 'waiting' || standing.kind === 'unjudged' ? standing.kind : null;
}
