/**
 * Tests 1,000 readers of changes over gRPC, at two replicas of the api role on a real
 * kube-apiserver, of which one is killed. docs/reference/grpc.md
 */

import { expect, onTestFinished, test } from 'vitest';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { aGrpcClient, type GrpcClient } from '../support/programs/aGrpcClient.ts';
import { anApi } from '../support/programs/anApi.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const { controlPlane, namespace: aNamespace } = useZenLead({ controllerManager: false });
const READERS = 1_000;

interface Reader {
  /** The leader of the last message, and its epoch. */
  leader: string;
  epoch: number;
  /** How often it had to ask another replica. */
  moves: number;
}

/** Reads at one replica after another, and says which epoch it knows, as a client does for days. */
async function follow(
  clients: readonly GrpcClient[],
  pool: object,
  first: number,
  reader: Reader,
  stop: AbortSignal,
): Promise<void> {
  for (let at = first; !stop.aborted; at += 1) {
    const known = reader.epoch === 0 ? {} : { resumeEpoch: reader.epoch };
    try {
      const client = clients[at % clients.length];
      if (client === undefined) return;
      const stream = client.stream('watchLeaders', { pools: [{ ...pool, ...known }] });
      for (;;) {
        const { leaderPool } = (await stream.next()) as { leaderPool?: { epoch: number; leader?: { name: string } } };
        if (leaderPool === undefined) continue;
        Object.assign(reader, { epoch: leaderPool.epoch, leader: leaderPool.leader?.name ?? '' });
      }
    } catch {
      reader.moves += 1;
    }
  }
}

test('1,000 streams outlive the kill of a replica, and each hears of the failover after it', async () => {
  const namespace = await aNamespace();
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  const flags = ['--api-auth', 'none'] as const;
  const apis = [await anApi(controlPlane().kubeconfig, ...flags), await anApi(controlPlane().kubeconfig, ...flags)];
  for (const api of apis)
    await expect.poll(async () => (await api.ask('/readyz')).status, { message: 'the api is ready' }).toBe(200);
  const clients = apis.map(({ url }) => aGrpcClient(url, 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto'));
  const readers = Array.from({ length: READERS }, (): Reader => ({ leader: '', epoch: 0, moves: 0 }));
  const pool = { namespace: namespace.name, pool: 'web' };
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  for (const [index, reader] of readers.entries()) void follow(clients, pool, index, reader, stop.signal);
  const count = (is: (reader: Reader) => boolean): number => readers.filter(is).length;
  await expect.poll(() => count(({ leader }) => leader === 'web-0'), { message: 'all know the state' }).toBe(READERS);
  const { epoch } = readers[0] ?? { epoch: 0 };

  apis[0]?.program.process.kill('SIGKILL');
  await apis[0]?.program.exited;
  await expect
    .poll(() => count(({ moves }) => moves > 0), { message: 'half have lost their stream' })
    .toBe(READERS / 2);
  await first.setReady(false);
  await expect.poll(() => count(({ leader }) => leader === 'web-1'), { message: 'all hear of it' }).toBe(READERS);
  expect(count((reader) => reader.epoch > epoch)).toBe(READERS);
}, 180_000);
