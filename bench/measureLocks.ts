/**
 * Measures locks of two replicas of `zen-lead api` beside what clients do by hand, on one
 * kube-apiserver in one run. docs/performance.md.
 *
 * A lock that nobody wants: acquire beside a bare PATCH of a Lease, in turns. One lock that 64
 * clients want: grants a second beside 64 clients that compare and swap for themselves. 1,000
 * locks: all of them taken, beside 1,000 bare creates of a Lease.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { createNamespace } from '../test/support/controlPlane/createNamespace.ts';
import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { type RunningProcess, startProcess } from '../test/support/programs/startProcess.ts';
import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { acquire, aLease, leasesOf, release, swapByHand, takeTurns, timePatch } from './lockLoad.ts';
import { readSamples } from './readSamples.ts';
import { summarize } from './summarize.ts';
import { writeClaim } from './writeClaim.ts';

const clients = 64;
const locks = 1_000;
/** As many as two API servers of a small cluster bear without waiting for one another. */
const parallel = 16;
const contendedMs = 10_000;
/** Discarded: they compile code and open connections. */
const warmUp = 20;
const samples = readSamples({
  script: 'measureLocks.ts',
  samples: 200,
  reason: 'two samples lie above the 99th percentile',
});

if (findAssets(process.env) === null) {
  console.log(missingAssetsLine.replace(/^e2e/, 'bench'));
  process.exit();
}
const setting = describeSetting();
const controlPlane = await startControlPlane({ controllerManager: false });
try {
  const { name: namespace } = await createNamespace(controlPlane, 'locks');
  const replicas = [await startReplica(controlPlane, 'a'), await startReplica(controlPlane, 'b')];
  const lockOf = (replica: number, name: string) =>
    `${replicas[replica % replicas.length]?.url}/v1/namespaces/${namespace}/locks/${name}`;
  const figures = [
    ...(await uncontended(namespace, lockOf(0, 'quiet'))),
    await contended(namespace, lockOf),
    await many(namespace, lockOf),
  ];
  writeClaim({
    name: 'locks',
    claim: 'Locks of two replicas',
    load: `${samples} acquires of a free lock beside bare PATCHes; ${clients} clients on one lock for ${contendedMs / 1_000} s beside compare-and-swap by hand; ${locks} locks beside bare creates`,
    setting,
    figures,
  });
} finally {
  await controlPlane.stop();
}
process.exit();

async function uncontended(namespace: string, url: string): Promise<readonly Figure[]> {
  const lease = `${leasesOf(namespace)}/by-hand`;
  await controlPlane.request('POST', leasesOf(namespace), aLease('by-hand'));
  const floorMs: number[] = [];
  const oursMs: number[] = [];
  for (let index = 0; index < warmUp + samples; index += 1) {
    const patchMs = await timePatch(controlPlane.request, lease, index);
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

async function contended(namespace: string, lockOf: (replica: number, name: string) => string): Promise<Figure> {
  const lease = `${leasesOf(namespace)}/wanted-by-hand`;
  await controlPlane.request('POST', leasesOf(namespace), aLease('wanted-by-hand'));
  const floor = await perSecond((index, isOver) => swapByHand(controlPlane.request, lease, `c${index}`, isOver));
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

async function many(namespace: string, lockOf: (replica: number, name: string) => string): Promise<Figure> {
  const floor = await inTurn(async (index) => {
    await controlPlane.request('POST', leasesOf(namespace), aLease(`bare-${index}`));
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

async function startReplica({ kubeconfig, directory }: ControlPlane, name: string) {
  const entry = `${import.meta.dirname}/../cli/zen-lead.ts`;
  const args = [entry, 'api', '--kubeconfig', kubeconfig, '--port', '0', '--api-auth', 'none', '--log-level', 'info'];
  const program: RunningProcess = startProcess({ name: `api-${name}`, command: process.execPath, args, directory });
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(program.log())?.[0];
    if (url !== undefined && (await fetch(`${url}/readyz`).catch(() => null))?.status === 200) return { url, program };
    await sleep(100);
  }
  throw new Error(`the api did not become ready:\n${program.log()}`);
}
