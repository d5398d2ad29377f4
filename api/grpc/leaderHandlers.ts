/**
 * createLeaderHandlers: serves zenlead.v1.LeaderService. docs/reference/grpc.md
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { ApiError } from '../apiError.ts';
import { type AmILeader, type AmILeaderAnswer, LOOK_EVERY_MS } from '../leaders/amILeader.ts';
import type { LeaderPool } from '../leaders/leaderPool.ts';
import type { LeaderQueries } from '../leaders/leaderQueries.ts';
import type { PoolName, PoolReading } from '../leaders/poolFeed.ts';
import {
  AmILeaderResponseSchema,
  type LeaderPoolSchema,
  type LeaderService,
  Role,
  type WatchLeadersResponseSchema,
} from './generated/zenlead/v1/leader_pb.js';
import { callerKey } from './grpcContext.ts';
import { streamLatest } from './streamLatest.ts';

interface Deps {
  readonly leaders: LeaderQueries;
  readonly amILeader: AmILeader;
}

const DEFAULT_PAGE = 100;
/** A pool takes some 500 B, and clients refuse messages past 4 MiB. */
const MAX_PAGE = 1_000;
export const MAX_WATCHED = 100;

type WatchLeadersResponse = MessageInitShape<typeof WatchLeadersResponseSchema>;

export function createLeaderHandlers({ leaders, amILeader }: Deps): ServiceImpl<typeof LeaderService> {
  return {
    async getLeader({ namespace, pool, election }, { values }) {
      const found = await leaders.read(values.get(callerKey), { namespace, name: pool, election });
      return { leaderPool: toMessage(found.pool), election };
    },

    async listLeaders({ namespace, election, pageSize, pageToken }, { values }) {
      if (pageSize > MAX_PAGE) throw new ApiError('INVALID', `page_size: up to ${MAX_PAGE}`);
      const page = await leaders.list(
        values.get(callerKey),
        { namespace, election },
        pageToken,
        pageSize || DEFAULT_PAGE,
      );
      return { leaderPools: page.pools.map(toMessage), nextPageToken: page.after ?? '', election };
    },

    async *watchLeaders({ pools }, { values, signal }) {
      if (pools.length < 1 || pools.length > MAX_WATCHED)
        throw new ApiError('INVALID', `pools: name 1 to ${MAX_WATCHED} pools`);
      const caller = values.get(callerKey);
      const followed = await Promise.all(
        pools.map(async ({ namespace, pool, election, resumeEpoch }) => {
          const name: PoolName = { namespace, name: pool, election };
          return { name, resumeEpoch, subscription: await leaders.watch(caller, name) };
        }),
      );
      yield* streamLatest<WatchLeadersResponse>(
        ({ put }) => {
          const stops = followed.map(({ name, resumeEpoch, subscription: { first, subscribe } }) => {
            const key = `${name.namespace}/${name.name}/${name.election}`;
            let told = '';
            const tell = (reading: PoolReading): void => {
              const text = reading.kind === 'found' ? reading.text : reading.kind;
              if (text === told) return;
              told = text;
              put(key, toChange(name, reading));
            };
            if (resumeEpoch !== undefined && String(resumeEpoch) === first.tag) told = first.text;
            else tell(first);
            return subscribe(tell);
          });
          return () => {
            for (const stop of stops) stop();
          };
        },
        () => ({ event: { case: 'heartbeat', value: {} } }),
        signal,
      );
    },

    async *amILeader({ service, election }, { values, signal }) {
      const asked = await amILeader.ask(values.get(callerKey), service, election);
      yield* streamLatest<MessageInitShape<typeof AmILeaderResponseSchema>>(
        ({ put, fail }) => {
          const tell = (): void => {
            try {
              put('', toAnswer(asked.look(), election));
            } catch (error) {
              fail(error);
            }
          };
          tell();
          const stop = asked.subscribe(tell);
          const timer = setInterval(tell, LOOK_EVERY_MS);
          return () => {
            clearInterval(timer);
            stop();
          };
        },
        () => null,
        signal,
      );
    },
  };
}

function toAnswer({ leader, role, epoch, validForMs }: AmILeaderAnswer, election: string) {
  return create(AmILeaderResponseSchema, { leader, role: roles[role], epoch: BigInt(epoch), validForMs, election });
}

const roles = { leader: Role.LEADER, follower: Role.FOLLOWER, unknown: Role.UNKNOWN } as const;

export function toChange({ namespace, name: pool, election }: PoolName, reading: PoolReading): WatchLeadersResponse {
  const of = { namespace, pool, election };
  switch (reading.kind) {
    case 'found':
      return { ...of, event: { case: 'leaderPool', value: toMessage(reading.pool) } };
    case 'unknown':
      return { ...of, event: { case: 'removed', value: {} } };
    case 'stale':
      return { ...of, event: { case: 'stale', value: {} } };
  }
}

export function toMessage(pool: LeaderPool): MessageInitShape<typeof LeaderPoolSchema> {
  const { slots = [], members } = pool;
  return {
    pool: pool.pool,
    namespace: pool.namespace,
    election: pool.election,
    ...toLead(pool),
    slots: slots.map((each) => ({ slot: each.slot, ...toLead(each) })),
    members: members.map(({ name, role, fit, why }) => ({
      name,
      role: roles[role],
      fit,
      ...(why !== null && { why }),
    })),
  };
}

function toLead({ leader, epoch, since, reason }: Pick<LeaderPool, 'leader' | 'epoch' | 'since' | 'reason'>) {
  return {
    ...(leader !== null && { leader: withoutNull(leader) }),
    epoch: BigInt(epoch),
    ...(since !== null && { since: timestampFromMs(Date.parse(since)) }),
    ...(reason !== null && { reason }),
  };
}

/** REST says null where a message leaves a field out. */
function withoutNull({ name, uid, address, node, zone }: NonNullable<LeaderPool['leader']>) {
  return {
    name,
    uid,
    ...(address !== null && { address }),
    ...(node !== null && { node }),
    ...(zone !== null && { zone }),
  };
}
