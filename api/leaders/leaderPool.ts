/**
 * Says who leads one pool, and why each member may or may not: the answer of
 * `GET /v1/leader/pool/{name}`. Each election of a Service is a pool of its own. The OpenAPI
 * document is generated from the schema here.
 *
 * Pure. Guarantees: who is fit comes out of the functions that decide.
 */

import { z } from 'zod';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import { type Explanation, explain, type PodStanding, type Standing } from '../../lib/selection/explain.ts';
import { annotation } from '../../lib/selection/names.ts';
import { type LeaderRecord, readRecord } from '../../lib/selection/record.ts';
import type { Snapshot, Uid } from '../../lib/selection/snapshot.ts';

const poolLeaderSchema = z.object({
  name: z.string(),
  uid: z.string(),
  address: z.string().nullable().meta({ description: 'IP that is routed to, of the primary family.' }),
  node: z.string().nullable(),
  zone: z.string().nullable(),
});

const leadSchema = z.object({
  leader: poolLeaderSchema.nullable().meta({ description: 'The recorded leader; null where no pod leads.' }),
  epoch: z.int().min(0).meta({ description: 'Fencing token: grows with every election. It is the ETag.' }),
  since: z.string().nullable().meta({ format: 'date-time', description: 'When the leader last changed.' }),
  reason: z.string().nullable().meta({ description: 'Why the leader last changed.' }),
});

const slotSchema = leadSchema.extend({ slot: z.int().min(0).meta({ description: 'From 0.' }) });

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
    election: z.string().meta({ description: 'Empty where the Service names none.' }),
    ...leadSchema.shape,
    slots: z.array(slotSchema).exactOptional().meta({
      description:
        'Where several pods lead at once (zen-lead.io/active), each slot. The other fields are of the first.',
    }),
    members: z.array(memberSchema).meta({ description: 'Pods that the Service selects, and the leaders.' }),
  })
  .meta({ description: 'One pool and its leader.' });

export type LeaderPool = Readonly<z.infer<typeof leaderPoolSchema>>;

/** What one pool says, and what its readers need beside it. */
export interface PoolView {
  readonly pool: LeaderPool;
  /** Tells one state of its leaders from another: the epoch, or those of all slots. */
  readonly tag: string;
  /** Of the members, to find who asks. */
  readonly uids: ReadonlySet<Uid>;
  /** The epoch of each pod that leads. */
  readonly epochs: ReadonlyMap<Uid, number>;
  /** When time alone may change it; null where only an event can. */
  readonly nextLookAt: number | null;
}

/** By the name of the election: one pool, or one for each election of the Service. */
export function toLeaderPools(whole: Snapshot, now: number): ReadonlyMap<string, PoolView> {
  const views = viewsOf(whole).filter(({ election }) => election?.isWanted !== false);
  const slots = Map.groupBy(views, ({ election }) => election?.election ?? '');
  return new Map([...slots].map(([election, of]) => [election, toPoolView(election, of, now)]));
}

interface Slot extends Explanation {
  readonly record: LeaderRecord;
  readonly slot: number;
}

function toPoolView(election: string, views: readonly Snapshot[], now: number): PoolView {
  const slots = views.map(
    (view): Slot => ({ ...explain(view, now), record: readRecord(view), slot: view.election?.slot ?? 0 }),
  );
  const [first, ...others] = slots;
  const [view] = views;
  if (first === undefined || view === undefined) throw new Error(`the pool "${election}" has no slot`);
  const epochs = new Map(
    slots.flatMap(({ record: { leader, knownEpoch } }) => (leader ? [[leader.uid, knownEpoch]] : [])),
  );
  const instants = slots.flatMap(({ nextLookAt }) => nextLookAt ?? []);
  return {
    pool: {
      pool: view.name,
      namespace: view.namespace,
      election,
      ...toLead(first.record),
      ...(others.length > 0 && { slots: slots.map(({ record, slot }) => ({ slot, ...toLead(record) })) }),
      // A pod that leads a slot is fit by that slot's word; the others call it taken.
      members: first.pods.map((standing) =>
        toMember(others.flatMap((slot) => ownStanding(slot, standing.pod.uid) ?? [])[0] ?? standing, epochs),
      ),
    },
    tag: slots.map(({ record }) => record.knownEpoch).join('.'),
    uids: new Set(first.pods.map(({ pod }) => pod.uid)),
    epochs,
    nextLookAt: instants.length === 0 ? null : Math.min(...instants),
  };
}

function ownStanding({ record, pods }: Slot, uid: Uid): PodStanding | undefined {
  return record.leader?.uid === uid ? pods.find(({ pod }) => pod.uid === uid) : undefined;
}

function toLead({ leader, routedAddress, knownEpoch, lastSwitchAt, slice }: LeaderRecord): z.infer<typeof leadSchema> {
  return {
    leader:
      leader === null
        ? null
        : {
            name: leader.name,
            uid: leader.uid,
            address: routedAddress,
            node: leader.nodeName ?? null,
            zone: leader.zone ?? null,
          },
    epoch: knownEpoch,
    since: lastSwitchAt === undefined ? null : formatRfc3339(lastSwitchAt),
    reason: slice?.annotations[annotation.reason] ?? null,
  };
}

function toMember(
  { pod, standing, keptAlthough }: PodStanding,
  epochs: ReadonlyMap<Uid, number>,
): z.infer<typeof memberSchema> {
  return {
    name: pod.name,
    role: epochs.has(pod.uid) ? 'leader' : 'follower',
    fit: keptAlthough === null && standing.kind !== 'unfit',
    why: keptAlthough ?? describe(standing),
  };
}

function describe(standing: Standing): string | null {
  if (standing.kind === 'unfit') return standing.why;
  return standing.kind === 'waiting' || standing.kind === 'unjudged' ? standing.kind : null;
}
