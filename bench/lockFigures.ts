/**
 * Measures locks of two replicas of `zen-lead api` beside what clients do by hand.
 *
 * A lock that nobody wants: acquire beside a bare PATCH of a Lease, in turns. One lock that 64
 * clients want: grants a second beside 64 clients that compare and swap for themselves. 1,000
 * locks: all of them taken, beside 1,000 bare creates of a Lease.
 */

import { createNamespace } from '../test/support/controlPlane/createNamespace.ts';
import type { ControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import type { Figure } from './claim.ts';
import { acquire, aLease, leasesOf, release, swapByHand, takeTurns, timePatch } from './lockLoad.ts';
import { type Bundle, type RunningImage, startImage } from './startImage.ts';
import { summarize } from './summarize.ts';
import type { Part } from './writeClaim.ts';

const clients = 64;
const locks = 1_000;
/** As many as two API servers of a small cluster bear without waiting for one another. */
const parallel = 16;
const contendedMs = 10_000;
/** Discarded: they compile code and open connections. */
const warmUp = 20;
/** A lock of the first or the second replica. */
type LockOf = (replica: number, name: string) => string;

export async function measureLocks(controlPlane: ControlPlane, bundle: Bundle, samples: number): Promise<Part> {
  const { name: namespace } = await createNamespace(controlPlane, 'locks');
  const { kubeconfig, directory } = controlPlane;
  const args = ['api', '--api-auth', 'none', '--kubeconfig', kubeconfig];
  const replicas: RunningImage[] = [];
  try {
    for (const name of ['locks-a', 'locks-b']) replicas.push(await startImage(bundle, { name, directory, args }));
    const lockOf: LockOf = (replica, name) =>
      `${replicas[replica % replicas.length]?.url}/v1/namespaces/${namespace}/locks/${name}`;
    return {
      name: 'locks',
      claim: 'Locks of two replicas',
      load: `${samples} acquires of a free lock beside bare PATCHes; ${clients} clients on one lock for ${contendedMs / 1_000} s beside compare-and-swap by hand; ${locks} locks beside bare creates`,
      figures: [
        ...(await uncontended(controlPlane, namespace, lockOf(0, 'quiet'), samples)),
        await contended(controlPlane, namespace, lockOf),
        await many(controlPlane, namespace, lockOf),
      ],
    };
  } finally {
    for (const { process } of replicas) await process.stop('SIGKILL');
  }
}

async function uncontended(
  { request }: ControlPlane,
  namespace: string,
  url: string,
  samples: number,
): Promise<readonly Figure[]> {
  const lease = `${leasesOf(namespace)}/by-hand`;
  await request('POST', leasesOf(namespace), aLease('by-hand'));
  const floorMs: number[] = [];
  const oursMs: number[] = [];
  for (let index = 0; index < warmUp + samples; index += 1) {
    const patchMs = await timePatch(request, lease, index);
    const startedAt = performance.now();
    const grant = await acquire(url, `r-${index}`, 0);
    const tookMs = performance.now() - startedAt;
    if (grant === null) throw new Error('a free lock was held');
    await release(url, grant);
    if (index < warmUp) continue;
    floorMs.push(patchMs);
    oursMs.push(tookMs);
  }
  const [floor, ours] = [summarize(floorMs), summarize(oursMs)];
  return [
    { what: 'acquire p50', unit: 'ms', floor: floor.p50Ms, zenLead: ours.p50Ms },
    { what: 'acquire p99', unit: 'ms', floor: floor.p99Ms, zenLead: ours.p99Ms },
  ];
}

async function contended({ request }: ControlPlane, namespace: string, lockOf: LockOf): Promise<Figure> {
  const lease = `${leasesOf(namespace)}/wanted-by-hand`;
  await request('POST', leasesOf(namespace), aLease('wanted-by-hand'));
  const floor = await perSecond((index, isOver) => swapByHand(request, lease, `c${index}`, isOver));
  const zenLead = await perSecond((index, isOver) => takeTurns(lockOf(index, 'wanted'), `c${index}`, isOver));
  return { what: `grants, ${clients} clients`, unit: '/s', floor, zenLead };
}

async function perSecond(client: (index: number, isOver: () => boolean) => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const isOver = (): boolean => performance.now() - startedAt > contendedMs;
  const grants = await Promise.all(Array.from({ length: clients }, (_, index) => client(index, isOver)));
  const tookMs = performance.now() - startedAt;
  return Math.round((grants.reduce((sum, each) => sum + each, 0) / tookMs) * 10_000) / 10;
}

async function many({ request }: ControlPlane, namespace: string, lockOf: LockOf): Promise<Figure> {
  const floor = await inTurn(async (index) => {
    await request('POST', leasesOf(namespace), aLease(`bare-${index}`));
  });
  const zenLead = await inTurn(async (index) => {
    await acquire(lockOf(index, `lock-${index}`), `r-${index}`, 0);
  });
  return { what: `${locks} locks taken`, unit: 's', floor, zenLead };
}

/** Seconds for all of them, some at a time. */
async function inTurn(work: (index: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < locks) {
      next += 1;
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: parallel }, run));
  return Math.round((performance.now() - startedAt) / 10) / 100;
}
