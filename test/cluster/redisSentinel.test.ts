/**
 * Tests examples/redis-sentinel with real Redis and Sentinel: the leader Service follows their own
 * election by the role check, and a split brain moves nothing to and fro.
 *
 * `CLUSTER_REPEATS` says how many failovers there are; ten are asked for by hand.
 */

import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { hasRedis } from '../../examples/redis-sentinel/image.ts';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note } from './figures.ts';
import { watchRoute } from './stages.ts';
import { type Redis, startRedis } from './startRedis.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const repeats = Number(process.env['CLUSTER_REPEATS'] ?? 2);
const timeout = 120_000 * (1 + repeats);
if (!hasRedis()) console.log('cluster: no Redis, Debian has it in redis-server and redis-sentinel');

describe.runIf(hasRedis())('Redis with Sentinel behind its leader Service', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis(cluster, 'redis');
    await redis.untilSettled();
  });
  afterAll(() => redis?.remove());

  test('the route follows each promotion', { timeout }, async () => {
    const [written, lags]: [number[], number[]] = [[], []];
    for (let time = 0; time < repeats; time += 1) {
      const primary = await redis.untilSettled();
      const route = await watchRoute(cluster, redis.namespace, 'redis-leader');
      const startedAt = Date.now();
      // A Sentinel that does not know the replicas yet finds none good enough.
      await expect
        .poll(() => redis.cli(primary, 26379, 'sentinel', 'failover', 'main'), { timeout: 60_000, interval: 500 })
        .toBe('OK');
      const { primary: next, namedAt, answeredAt } = await untilFollowed(primary, startedAt);
      await expect.poll(() => route.writtenAt(next), { message: 'waited for the route to be seen' }).toBeDefined();
      written.push(Math.max(0, (route.writtenAt(next) ?? namedAt) - namedAt));
      lags.push(Math.max(0, answeredAt - namedAt));
      await route.close();
    }
    console.log(`Sentinel: the route was written after ${written.join(', ')} ms`);
    note('Redis with Sentinel: named by a Sentinel -> the route is written, worst', Math.max(...written));
    console.log(`Sentinel: the route followed after ${lags.join(', ')} ms`);
    note('Redis with Sentinel: named by a Sentinel -> answered through the leader Service, worst', Math.max(...lags));
    expect(lags).toHaveLength(repeats);
  });

  test('the route follows when the primary hangs', { timeout }, async () => {
    const primary = await redis.untilSettled();
    const startedAt = Date.now();
    // A container that is killed would be back before its Sentinels have missed it.
    await signalContainer(cluster, primary, 'redis', 'SIGSTOP', { all: true });
    const { namedAt, answeredAt } = await untilFollowed(primary, startedAt);
    await signalContainer(cluster, primary, 'redis', 'SIGCONT', { all: true });
    note('Redis hangs: named by a Sentinel -> answered through the leader Service', Math.max(0, answeredAt - namedAt));
    await redis.untilSettled();
  });

  test('a split brain is named, and the route stays', { timeout }, async () => {
    const primary = await redis.untilSettled();
    const rebel = redis.pods.find((pod) => pod !== primary) ?? '';
    const startedAt = Date.now();
    await redis.cli(rebel, 6379, 'replicaof', 'no', 'one');
    const path = 'jsonpath={range .items[?(@.reason=="TwoPrimaries")]}{.message}{.note}{"\\n"}{end}';
    const events = () => cluster.kubectl('-n', redis.namespace, 'get', 'events', '-o', path);
    await expect.poll(events, { message: 'waited for the Warning Event TwoPrimaries' }).toContain(rebel);
    // Sentinel ends it after some ten seconds.
    await redis.untilSettled();
    const led = redis.roles(startedAt).filter(({ target }) => target === 'leader');
    expect([...new Set(led.map(({ name }) => name))]).toEqual([primary]);
  });

  /**
   * Waits until another primary answers through the Service. Returns when the first Sentinel named
   * it, which is when a client that asks Sentinel learns of it, and when it answered.
   */
  function untilFollowed(previous: string, from: number) {
    return vi.waitFor(
      () => {
        const roles = redis.roles(from);
        const led = roles
          .filter(({ target, name, role }) => target === 'leader' && role === 'master' && name !== previous)
          .toSorted((a, b) => a.at - b.at)[0];
        const named = roles.find(({ target, name }) => target.startsWith('sentinel') && name === led?.name);
        if (named === undefined || led === undefined) throw new Error('the route does not follow');
        return { primary: led.name, namedAt: named.answeredAt, answeredAt: led.answeredAt };
      },
      { timeout: 60_000, interval: 100 },
    );
  }
});
