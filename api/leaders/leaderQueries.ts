/**
 * createLeaderQueries: what REST and gRPC both ask about pools: the right, then the answer.
 *
 * Guarantees: every refusal is an ApiError. A view that cannot be relied on is STALE, and never an
 * old leader. Readers of changes are bounded, over REST and gRPC together.
 */

import { ApiError } from '../apiError.ts';
import type { Caller, Guard } from '../auth/guard.ts';
import type { LeaderPool } from './leaderPool.ts';
import type { PoolAnswer, PoolFeed, PoolName, PoolReading } from './poolFeed.ts';

export interface PoolSubscription {
  readonly first: PoolAnswer;
  /** Calls back after each change, until the returned function is called. */
  subscribe(onChange: (reading: PoolReading) => void): () => void;
}

export interface PoolPage {
  readonly pools: readonly LeaderPool[];
  /** Null after the last page. */
  readonly after: string | null;
}

/** An empty text stands for all. */
export interface PoolQuery {
  readonly namespace: string;
  readonly election: string;
}

export interface LeaderQueries {
  read(caller: Caller, pool: PoolName): Promise<PoolAnswer>;
  watch(caller: Caller, pool: PoolName): Promise<PoolSubscription>;
  /** Sorted by namespace, then by name, then as the Service lists its elections. */
  list(caller: Caller, wanted: PoolQuery, after: string, limit: number): Promise<PoolPage>;
}

/** At 20 KB each, 200 MB of sockets and copies. */
const MAX_SUBSCRIBERS = 10_000;
/** Of any object. Rights are remembered by name. */
const MAX_NAME = 253;
const STALE = 'the watch of this namespace cannot be relied on now; ask again';

export function createLeaderQueries(feed: PoolFeed, guard: Guard): LeaderQueries {
  function readNow(pool: PoolName): PoolAnswer {
    const answer = feed.read(pool);
    if (answer.kind === 'found') return answer;
    if (answer.kind === 'stale') throw new ApiError('STALE', STALE);
    throw new ApiError('NOT_FOUND', whyUnknown(pool, answer.elections));
  }

  async function admit(caller: Caller, pool: PoolName, verb: 'get' | 'watch'): Promise<PoolName> {
    const { namespace, name, election } = pool;
    if (name === '' || namespace === '' || [namespace, name, election].some(({ length }) => length > MAX_NAME))
      throw new ApiError('INVALID', 'name a pool as SERVICE.NAMESPACE[.ELECTION], or as SERVICE with ?namespace=');
    await guard.require(caller, { verb, resource: 'leaders', namespace, name });
    return pool;
  }

  return {
    read: async (caller, pool) => readNow(await admit(caller, pool, 'get')),
    async watch(caller, pool) {
      const { namespace, name } = await admit(caller, pool, 'watch');
      if (feed.subscribers() >= MAX_SUBSCRIBERS)
        throw new ApiError('BUSY', `${MAX_SUBSCRIBERS} readers are connected already`);
      const first = readNow(pool);
      return {
        first,
        subscribe: (onChange) => feed.subscribe({ namespace, name }, () => onChange(feed.read(pool))),
      };
    },
    async list(caller, { namespace, election }, after, limit) {
      if (namespace.length > MAX_NAME) throw new ApiError('INVALID', 'namespace: not the name of one');
      await guard.require(caller, { verb: 'list', resource: 'leaders', namespace, name: '' });
      const sources = feed.sources(namespace);
      if (sources === null) throw new ApiError('STALE', STALE);
      const place = parsePlace(after);
      const pools: LeaderPool[] = [];
      for (const source of sources) {
        const key = `${source.namespace}/${source.name}`;
        if (key < place.key) continue;
        const answers = feed.readAll(source);
        if (answers === null) throw new ApiError('STALE', STALE);
        const of = answers.map(({ pool }) => pool).filter((pool) => election === '' || pool.election === election);
        const isBefore = key === place.key ? of.findIndex((pool) => pool.election === place.election) + 1 : 0;
        pools.push(...of.slice(key === place.key && isBefore === 0 ? of.length : isBefore));
        if (pools.length > limit) break;
      }
      const last = pools[limit - 1];
      return { pools: pools.slice(0, limit), after: pools.length > limit && last !== undefined ? placeOf(last) : null };
    },
  };
}

/** The pool that a page ends with, as the token of the next one. */
function placeOf({ namespace, pool, election }: LeaderPool): string {
  return `${namespace}/${pool}${election === '' ? '' : `/${election}`}`;
}

function parsePlace(after: string): { readonly key: string; readonly election: string } {
  const [namespace = '', name = '', election = ''] = after.split('/', 3);
  return { key: after === '' ? '' : `${namespace}/${name}`, election };
}

/** `elections`: what the Service has instead. */
export function whyUnknown({ namespace, name, election }: PoolName, elections: readonly string[]): string {
  if (elections.length === 0) return `${namespace}/${name} is not an annotated Service that this process watches`;
  const known = elections.every((each) => each === '') ? 'one, without a name' : elections.join(', ');
  return `${namespace}/${name} has no election ${election === '' ? 'without a name' : election}: it has ${known}`;
}
