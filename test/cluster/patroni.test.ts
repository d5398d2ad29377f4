/**
 * Tests examples/patroni with real PostgreSQL and Patroni: the leader Service follows their own
 * election by the role check.
 *
 * `CLUSTER_REPEATS` says how many switchovers there are; ten are asked for by hand.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { hasPatroni } from '../../examples/patroni/image.ts';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note } from './figures.ts';
import { watchRoute } from './stages.ts';
import { type Patroni, startPatroni } from './startPatroni.ts';
import { type Verdicts, watchVerdicts } from './verdicts.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const repeats = Number(process.env['CLUSTER_REPEATS'] ?? 2);
const timeout = 180_000 * (1 + repeats);
if (!hasPatroni()) console.log('cluster: no Patroni, Debian has it in patroni and postgresql');

describe.runIf(hasPatroni())('PostgreSQL under Patroni behind its leader Service', () => {
  let patroni: Patroni;
  beforeAll(async () => {
    patroni = await startPatroni(cluster, 'patroni');
    await patroni.untilSettled();
  }, timeout);
  afterAll(() => patroni?.remove());

  test('the route follows each switchover', { timeout }, async () => {
    const [written, lags]: [number[], number[]] = [[], []];
    const known: Verdicts[] = [];
    const proxied = () => lags.map((lag, time) => lag - (written[time] ?? 0));
    for (let time = 0; time < repeats; time += 1) {
      const primary = await patroni.untilSettled();
      const route = await watchRoute(cluster, patroni.namespace, 'patroni-leader');
      const bridges = await watchVerdicts(cluster);
      const startedAt = Date.now();
      await patroni.switchOver(primary);
      const { primary: next, saidAt, answeredAt } = await patroni.untilFollowed(primary, startedAt);
      await expect.poll(() => route.writtenAt(next), { message: 'waited for the route to be seen' }).toBeDefined();
      written.push((route.writtenAt(next) ?? saidAt) - saidAt);
      lags.push(answeredAt - saidAt);
      known.push(
        await bridges.tell(next, 'primary', startedAt).then(({ after, ...rest }) => ({
          ...rest,
          after: after.map((ms) => ms + startedAt - saidAt),
        })),
      );
      await route.close();
    }
    console.log(`Patroni: the route was written after ${written.join(', ')} ms`);
    console.log(`Patroni: each bridge knew after ${known.map(({ after }) => after.join('+')).join(', ')} ms`);
    console.log(`Patroni: void probes ${known.map(({ voids }) => voids).join(', ')}`);
    console.log(`Patroni: a client was answered after ${proxied().join(', ')} ms more (kube-proxy)`);
    console.log(`Patroni: the route followed after ${lags.join(', ')} ms`);
    note('Patroni: says that it is the primary -> the route is written, worst', Math.max(...written));
    note('Patroni: says that it is the primary -> answers through the leader Service, worst', Math.max(...lags));
    expect(lags).toHaveLength(repeats);
  });

  test('the route follows when the primary hangs', { timeout }, async () => {
    const primary = await patroni.untilSettled();
    const startedAt = Date.now();
    await signalContainer(cluster, primary, 'patroni', 'SIGSTOP', { all: true });
    try {
      const { saidAt, answeredAt } = await patroni.untilFollowed(primary, startedAt);
      const what = 'the primary under Patroni hangs: the next one says so -> answers through the leader Service';
      note(what, answeredAt - saidAt);
    } finally {
      await signalContainer(cluster, primary, 'patroni', 'SIGCONT', { all: true });
    }
    await patroni.untilSettled();
  });
});
