/**
 * createAmILeader: says whether the pod that asks leads. docs/reference/api.md#am-i-the-leader
 *
 * Who asks is the pod whose uid the token names, or the only pod that has the address of the
 * connection. X-Forwarded-For is not read, because its sender chooses it.
 *
 * Guarantees: a view that cannot be relied on gives the role `unknown`, which means no. An address
 * that is not that of exactly one pod gives 403, and never the answer of another pod.
 */

import { z } from 'zod';
import type { PodView } from '../../lib/selection/snapshot.ts';
import { ApiError } from '../apiError.ts';
import type { Caller, Guard } from '../auth/guard.ts';
import type { User } from '../auth/reviewer.ts';
import { whyUnknown } from './leaderQueries.ts';
import type { PoolFeed, PoolName } from './poolFeed.ts';

export const amILeaderSchema = z
  .object({
    leader: z.boolean(),
    role: z.enum(['leader', 'follower', 'unknown']).meta({
      description: 'Unknown where the watch cannot be relied on. Take it as no.',
    }),
    epoch: z.int().min(0).meta({ description: 'Fencing token of the pool; 0 where it is not known.' }),
    validForMs: z.int().min(0).meta({
      description: 'How long the answer may be relied on, counted from before the request was sent.',
    }),
  })
  .meta({ description: 'Whether the pod that asks leads.' });

export type AmILeaderAnswer = Readonly<z.infer<typeof amILeaderSchema>>;

/** As long as the watch may be cut before it is not relied on (bridge/watch/watchTrust.ts). */
const VALID_FOR_MS = 3_000;
/** Who waits hears of a change at once, and of a watch that went stale within this. */
export const LOOK_EVERY_MS = 1_000;
/** Of any object. */
const MAX_NAME = 253;
const POD_UID = 'authentication.kubernetes.io/pod-uid';
const noAnswer: AmILeaderAnswer = { leader: false, role: 'unknown', epoch: 0, validForMs: 0 };

interface Asking {
  readonly namespace: string;
  readonly uid: string;
}

export interface AmILeader {
  /** Finds out which pod asks, and gives what it may look at. Rejects with an ApiError. */
  ask(caller: Caller, service: string, election: string): Promise<AmILeaderLook>;
}

export interface AmILeaderLook {
  /** Throws an ApiError for a Service or a pod that is not one any more. */
  look(): AmILeaderAnswer;
  /** Calls back after each change of the pool, until the returned function is called. */
  subscribe(onChange: () => void): () => void;
}

export function createAmILeader(feed: PoolFeed, guard: Guard, podsAt: (ip: string) => readonly PodView[]): AmILeader {
  return {
    async ask(caller, service, election) {
      if (service === '' || service.length > MAX_NAME || election.length > MAX_NAME)
        throw new ApiError('INVALID', 'name the Service: ?service=SERVICE, and behind it &election=ELECTION');
      const user = await guard.identify(caller);
      const asking = user === null ? atAddress(caller, podsAt) : ofToken(user);
      const source = { namespace: asking.namespace, name: service };
      return {
        look: () => answer(feed, { ...source, election }, asking),
        subscribe: (onChange) => feed.subscribe(source, onChange),
      };
    },
  };
}

function answer(feed: PoolFeed, source: PoolName, { uid }: Asking): AmILeaderAnswer {
  const found = feed.read(source);
  if (found.kind === 'stale') return noAnswer;
  const { namespace, name } = source;
  if (found.kind === 'unknown') throw new ApiError('NOT_FOUND', whyUnknown(source, found.elections));
  const { pool, uids, epochs } = found;
  // Of a pool with several slots, that of the pod's own.
  const [, ledEpoch] = [...epochs].find(([each]) => each === uid) ?? [];
  const isLeader = ledEpoch !== undefined;
  const isMember = isLeader || [...uids].some((each) => each === uid);
  if (!isMember) throw new ApiError('NOT_FOUND', `the pod that asks is not one that ${namespace}/${name} selects`);
  const role = isLeader ? 'leader' : 'follower';
  return { leader: isLeader, role, epoch: ledEpoch ?? pool.epoch, validForMs: VALID_FOR_MS };
}

function ofToken({ name, extra }: User): Asking {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? [];
  const uid = extra[POD_UID]?.[0];
  if (namespace === undefined || uid === undefined)
    throw new ApiError('FORBIDDEN', `the token of ${name} is not that of a pod: project one into the pod`);
  return { namespace, uid };
}

function atAddress(caller: Caller, podsAt: (ip: string) => readonly PodView[]): Asking {
  const address = caller.address.replace(/^::ffff:(?=\d+\.)/, '');
  const [pod, ...others] = podsAt(address);
  const refuse = (why: string) =>
    new ApiError('FORBIDDEN', `${address} is ${why}; send the token of a pod: Authorization: Bearer TOKEN`);
  if (pod === undefined) throw refuse('the address of no pod that this process watches');
  if (others.length > 0) throw refuse('the address of several pods');
  if (pod.hostNetwork === true) throw refuse('the address of a node, which its pods on the host network share');
  return pod;
}
