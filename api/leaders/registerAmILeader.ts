/**
 * Serves `GET /v1/am-i-leader`: a pod asks whether it leads, and may wait for news.
 * docs/reference/api.md#am-i-the-leader
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseDuration } from '../../lib/selection/parseDuration.ts';
import { ApiError } from '../apiError.ts';
import { toCaller } from '../auth/guard.ts';
import { type AmILeader, type AmILeaderAnswer, type AmILeaderLook, LOOK_EVERY_MS } from './amILeader.ts';

interface Route {
  Querystring: { service?: string; election?: string; wait?: string; epoch?: string };
}

const MAX_WAIT_MS = 60_000;

export function registerAmILeader(app: FastifyInstance, amILeader: AmILeader): void {
  app.get<Route>('/v1/am-i-leader', async (request, reply) => {
    const { service = '', election = '', wait = '', epoch = '' } = request.query;
    const waitMs = wait === '' ? 0 : parseDuration(wait);
    if (waitMs === null || waitMs > MAX_WAIT_MS) throw new ApiError('INVALID', 'wait: up to 60s, as 30s');
    if (!/^\d{0,16}$/.test(epoch)) throw new ApiError('INVALID', 'epoch: that of the last answer, a whole number');
    const asked = await amILeader.ask(toCaller(request.raw), service, election);
    const first = asked.look();
    const isNews = ({ role, epoch: now }: AmILeaderAnswer) => role === 'unknown' || String(now) !== epoch;
    const found =
      waitMs === 0 || epoch === '' || isNews(first) ? first : await untilNews(request, waitMs, asked, isNews);
    return reply.header('cache-control', 'no-store').send(found);
  });
}

async function untilNews(
  { raw }: FastifyRequest,
  waitMs: number,
  { look, subscribe }: AmILeaderLook,
  isNews: (found: AmILeaderAnswer) => boolean,
): Promise<AmILeaderAnswer> {
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
