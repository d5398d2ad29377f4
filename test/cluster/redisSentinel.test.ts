/**
 * Tests examples/redis-sentinel with real Redis and Sentinel: the leader Service follows their own
 * election by the role check, and a split brain moves nothing to and fro.
 *
 * `CLUSTER_REPEATS` says how many failovers there are; ten are asked for by hand.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { hasRedis } from '../../examples/redis-sentinel/image.ts';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note } from './figures.ts';
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
    const lags: number[] = [];
    for (let time = 0; time < repeats; time += 1) {
      const primary = await redis.untilSettled();
      const startedAt = Date.now();
      // A Sentinel that does not know the replicas yet finds none good enough.
      await expect
        .poll(() => redis.cli(primary, 26379, 'sentinel', 'failover', 'main'), { timeout: 60_000, interval: 500 })
        .toBe('OK');
      lags.push(await readLag(primary, startedAt));
    }
    console.log(`Sentinel: the route followed after ${lags.join(', ')} ms`);
    note('Redis with Sentinel: named by a Sentinel -> answered through the leader Service, worst', Math.max(...lags));
    expect(lags).toHaveLength(repeats);
  });

  test('the route follows when the primary hangs', { timeout }, async () => {
    const primary = await redis.untilSettled();
    const startedAt = Date.now();
    // A container that is killed would be back before its Sentinels have missed it.
    await signalContainer(cluster, primary, 'redis', 'SIGSTOP', { all: true });
    const lag = await readLag(primary, startedAt);
    await signalContainer(cluster, primary, 'redis', 'SIGCONT', { all: true });
    note('Redis hangs: named by a Sentinel -> answered through the leader Service', lag);
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
   * Returns the milliseconds from the first Sentinel that names another primary to the first answer
   * of that primary through the Service. A client that asks Sentinel learns of it then.
   */
  async function readLag(previous: string, from: number): Promise<number> {
    const find = () => {
      const led = redis
        .roles(from)
        .filter(({ target, name, role }) => target === 'leader' && role === 'master' && name !== previous)
        .toSorted((a, b) => a.at - b.at)[0];
      const named = redis.roles(from).find(({ target, name }) => target.startsWith('sentinel') && name === led?.name);
      return named === undefined || led === undefined ? null : led.answeredAt - named.answeredAt;
    };
    await expect.poll(find, { timeout: 60_000, message: 'waited for the route to follow' }).not.toBeNull();
    return Math.max(0, find() ?? 0);
  }
});
