/**
 * createLeaderQueries: what REST and gRPC both ask about pools: the right, then the answer.
 *
 * Guarantees: every refusal is an ApiError. A view that cannot be relied on is STALE, and never an
 * old leader. Readers of changes are bounded, over REST and gRPC together.
 */

import { ApiError } from '../apiError.ts';
import type { Caller, Guard } from '../auth/guard.ts';
import type { SourceName } from '../statusFeed.ts';
import type { LeaderPool } from './leaderPool.ts';
import type { PoolAnswer, PoolFeed, PoolReading } from './poolFeed.ts';

export interface PoolName extends SourceName {
  /** Empty for the only one that a pool has today. */
  readonly election: string;
}

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

export interface LeaderQueries {
  read(caller: Caller, pool: PoolName): Promise<PoolAnswer>;
  watch(caller: Caller, pool: PoolName): Promise<PoolSubscription>;
  /** Sorted by namespace, then by name. `namespace` empty for all; `after` empty for the first. */
  list(caller: Caller, namespace: string, after: string, limit: number): Promise<PoolPage>;
}

/** At 20 KB each, 200 MB of sockets and copies. */
const MAX_SUBSCRIBERS = 10_000;
/** Of any object. Rights are remembered by name. */
const MAX_NAME = 253;
const STALE = 'the watch of this namespace cannot be relied on now; ask again';

export function createLeaderQueries(feed: PoolFeed, guard: Guard): LeaderQueries {
  function readNow({ namespace, name }: SourceName): PoolAnswer {
    const answer = feed.read({ namespace, name });
    if (answer.kind === 'found') return answer;
    if (answer.kind === 'stale') throw new ApiError('STALE', STALE);
    throw new ApiError('NOT_FOUND', `${namespace}/${name} is not an annotated Service that this process watches`);
  }

  async function admit(caller: Caller, pool: PoolName, verb: 'get' | 'watch'): Promise<SourceName> {
    const { namespace, name, election } = pool;
    if (name === '' || namespace === '' || name.length > MAX_NAME || namespace.length > MAX_NAME)
      throw new ApiError('INVALID', 'name a pool as SERVICE.NAMESPACE, or as SERVICE with ?namespace=');
    if (election !== '')
      throw new ApiError('NOT_FOUND', `${namespace}/${name} has one election, without a name, and not ${election}`);
    await guard.require(caller, { verb, resource: 'leaders', namespace, name });
    return { namespace, name };
  }

  return {
    read: async (caller, pool) => readNow(await admit(caller, pool, 'get')),
    async watch(caller, pool) {
      const source = await admit(caller, pool, 'watch');
      if (feed.subscribers() >= MAX_SUBSCRIBERS)
        throw new ApiError('BUSY', `${MAX_SUBSCRIBERS} readers are connected already`);
      const first = readNow(source);
      return {
        first,
        subscribe: (onChange) => feed.subscribe(source, () => onChange(feed.read(source))),
      };
    },
    async list(caller, namespace, after, limit) {
      if (namespace.length > MAX_NAME) throw new ApiError('INVALID', 'namespace: not the name of one');
      await guard.require(caller, { verb: 'list', resource: 'leaders', namespace, name: '' });
      const sources = feed.sources(namespace);
      if (sources === null) throw new ApiError('STALE', STALE);
      const rest = sources.filter((source) => keyOf(source) > after);
      const pools = rest.slice(0, limit).map((source) => readNow(source).pool);
      const last = rest[limit - 1];
      return { pools, after: rest.length > limit && last !== undefined ? keyOf(last) : null };
    },
  };
}

function keyOf({ namespace, name }: SourceName): string {
  return `${namespace}/${name}`;
}
