/**
 * Serves `GET /v1/am-i-leader`: a pod asks whether it leads. docs/reference/api.md#am-i-the-leader
 *
 * Who asks is the pod whose uid the token names, or the only pod that has the address of the
 * connection. X-Forwarded-For is not read, because its sender chooses it.
 *
 * Guarantees: a view that cannot be relied on gives the role `unknown`, which means no. An address
 * that is not that of exactly one pod gives 403, and never the answer of another pod.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseDuration } from '../../lib/selection/parseDuration.ts';
import type { PodView } from '../../lib/selection/snapshot.ts';
import { ApiError } from '../apiError.ts';
import type { Guard } from '../auth/guard.ts';
import type { User } from '../auth/reviewer.ts';
import type { PoolFeed } from './poolFeed.ts';

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

type AmILeader = z.infer<typeof amILeaderSchema>;

interface Route {
  Querystring: { service?: string; election?: string; wait?: string; epoch?: string };
}

/** As long as the watch may be cut before it is not relied on (bridge/watch/watchTrust.ts). */
const VALID_FOR_MS = 3_000;
const MAX_WAIT_MS = 60_000;
/** Who waits hears of a change at once, and of a watch that went stale within this. */
const LOOK_EVERY_MS = 1_000;
const POD_UID = 'authentication.kubernetes.io/pod-uid';
const noAnswer: AmILeader = { leader: false, role: 'unknown', epoch: 0, validForMs: 0 };

interface Asking {
  readonly namespace: string;
  readonly uid: string;
}

export function registerAmILeader(
  app: FastifyInstance,
  feed: PoolFeed,
  guard: Guard,
  podsAt: (ip: string) => readonly PodView[],
): void {
  app.get<Route>('/v1/am-i-leader', async (request, reply) => {
    const { service = '', election = '', wait = '', epoch } = request.query;
    if (service === '' || election !== '') throw new ApiError('INVALID', 'name the Service: ?service=SERVICE');
    const waitMs = wait === '' ? 0 : parseDuration(wait);
    if (waitMs === null || waitMs > MAX_WAIT_MS) throw new ApiError('INVALID', 'wait: up to 60s, as 30s');
    const user = await guard.identify(request);
    const asking = user === null ? atAddress(request, podsAt) : ofToken(user);
    const source = { namespace: asking.namespace, name: service };
    const look = () => answer(feed, source, asking);
    const first = look();
    const isNews = ({ role, epoch: now }: AmILeader) => role === 'unknown' || String(now) !== epoch;
    const found =
      waitMs === 0 || epoch === undefined || isNews(first)
        ? first
        : await untilNews(request, waitMs, look, isNews, (tell) => feed.subscribe(source, tell));
    return reply.header('cache-control', 'no-store').send(found);
  });
}

function answer(feed: PoolFeed, source: { namespace: string; name: string }, { uid }: Asking): AmILeader {
  const found = feed.read(source);
  if (found.kind === 'stale') return noAnswer;
  const { namespace, name } = source;
  if (found.kind === 'unknown')
    throw new ApiError('NOT_FOUND', `${namespace}/${name} is not an annotated Service that this process watches`);
  const { pool, uids } = found;
  const isLeader = pool.leader?.uid === uid;
  const isMember = isLeader || [...uids].some((each) => each === uid);
  if (!isMember) throw new ApiError('NOT_FOUND', `the pod that asks is not one that ${namespace}/${name} selects`);
  return { leader: isLeader, role: isLeader ? 'leader' : 'follower', epoch: pool.epoch, validForMs: VALID_FOR_MS };
}

async function untilNews(
  { raw }: FastifyRequest,
  waitMs: number,
  look: () => AmILeader,
  isNews: (found: AmILeader) => boolean,
  subscribe: (tell: () => void) => () => void,
): Promise<AmILeader> {
  const endsAt = performance.now() + waitMs;
  let wake = new AbortController();
  const tell = (): void => wake.abort();
  const stop = subscribe(tell);
  raw.socket.once('close', tell);
  try {
    for (;;) {
      const leftMs = endsAt - performance.now();
      const found = look();
      if (leftMs <= 0 || raw.socket.destroyed || isNews(found)) return found;
      wake = new AbortController();
      await sleep(Math.min(leftMs, LOOK_EVERY_MS), undefined, { signal: wake.signal }).catch(() => {});
    }
  } finally {
    stop();
    raw.socket.off('close', tell);
  }
}

function ofToken({ name, extra }: User): Asking {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? [];
  const uid = extra[POD_UID]?.[0];
  if (namespace === undefined || uid === undefined)
    throw new ApiError('FORBIDDEN', `the token of ${name} is not that of a pod: project one into the pod`);
  return { namespace, uid };
}

function atAddress({ raw }: FastifyRequest, podsAt: (ip: string) => readonly PodView[]): Asking {
  const address = (raw.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  const [pod, ...others] = podsAt(address);
  const refuse = (why: string) =>
    new ApiError('FORBIDDEN', `${address} is ${why}; send the token of a pod: Authorization: Bearer TOKEN`);
  if (pod === undefined) throw refuse('the address of no pod that this process watches');
  if (others.length > 0) throw refuse('the address of several pods');
  if (pod.hostNetwork === true) throw refuse('the address of a node, which its pods on the host network share');
  return pod;
}
