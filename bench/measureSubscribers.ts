/**
 * Measures the api role under gRPC clients beside a bare server of HTTP/2, on one kube-apiserver in
 * one run. docs/performance.md.
 *
 * GetLeader: processor time of the server. 10,000 subscribers, each on a connection of its own:
 * memory, and from a write of a slice to the message of each reader of that pool. Two replicas, of
 * which one is killed under 1,000 streams: until the last is back, with the state.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNamespace, type Namespace } from '../test/support/controlPlane/createNamespace.ts';
import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { startPod } from '../test/support/controlPlane/startPod.ts';
import { aService } from '../test/support/objects/aService.ts';
import { type RunningProcess, startProcess } from '../test/support/programs/startProcess.ts';
import { describeSetting } from './describeSetting.ts';
import { askOften, insist, type Subscriber } from './grpcStreams.ts';
import { readCpuMs, readMemory } from './readProcess.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { prepareBundle, startImage } from './startImage.ts';
import { summarize } from './summarize.ts';
import { writeClaim } from './writeClaim.ts';

const pools = 100;
const subscribers = 10_000;
const streams = 1_000;
const questions = 50_000;
/** Compiles code and opens connections. */
const warmUp = 20_000;
/** Connections that are opened at once. */
const parallel = 50;
const samples = readSamples({
  script: 'measureSubscribers.ts',
  samples: 200,
  reason: 'each write reaches a hundred readers',
});

if (findAssets(process.env) === null) {
  console.log(missingAssetsLine.replace(/^e2e/, 'bench'));
  process.exit();
}

type Contestant = 'floor' | 'zenLead';
interface Measured {
  readonly questionUs: number;
  readonly subscriberKb: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly backMs: number;
}
/** Past every epoch that an election gives. */
let epoch = 4_000_000_000_000;

interface Started {
  readonly url: string;
  readonly process: RunningProcess;
}

const setting = describeSetting();
const bundle = prepareBundle();
const controlPlane = await startControlPlane({ controllerManager: false });
try {
  const namespace = await createNamespace(controlPlane, 'subscribers');
  await createPools(namespace);
  const floor = await measure('floor', namespace);
  const zenLead = await measure('zenLead', namespace);
  const figure = (what: string, unit: string, of: keyof Measured) => ({
    ...{ what, unit, floor: floor[of], zenLead: zenLead[of] },
  });
  const aSecond = Math.round(1e6 / zenLead.questionUs).toLocaleString('en');
  writeClaim({
    name: 'subscribers',
    claim: 'Who leads, asked and followed over gRPC',
    load: `${questions} questions; ${subscribers} subscribers of ${pools} pools, each on its own connection; ${samples} writes of a slice; one of two replicas killed under ${streams} streams`,
    setting,
    figures: [
      figure(`GetLeader, processor time: ${aSecond} a second and core`, 'us', 'questionUs'),
      figure('memory of a subscriber', 'KB', 'subscriberKb'),
      figure('write of a slice to message p50', 'ms', 'p50Ms'),
      figure('write of a slice to message p99', 'ms', 'p99Ms'),
      figure(`all ${streams} streams back`, 'ms', 'backMs'),
    ],
  });
} finally {
  bundle.close();
  await controlPlane.stop();
}
process.exit();

/** zen-lead makes them once; both contestants read what it has written. */
async function createPools(namespace: Namespace): Promise<void> {
  await startPod(namespace, { name: 'web-0', families: ['IPv4'] });
  await startPod(namespace, { name: 'web-1', families: ['IPv4'] });
  for (let index = 0; index < pools; index += 1)
    await namespace.request('POST', namespace.core('services'), aService({ name: `web-${index}` }));
  const run = await start('zenLead', 'run', namespace);
  for (let led = 0; led < pools; await sleep(100)) {
    const { items } = (await namespace.request('GET', namespace.slices)) as {
      items: { endpoints: unknown[] | null }[];
    };
    led = items.filter(({ endpoints }) => (endpoints ?? []).length > 0).length;
  }
  await run.process.stop();
}

async function start(contestant: Contestant, name: string, { name: namespace }: Namespace): Promise<Started> {
  const { kubeconfig, directory, url, token, caFile } = controlPlane as ControlPlane;
  if (contestant === 'zenLead') {
    const command = name === 'run' ? ['run', '--no-lease'] : ['api', '--api-auth', 'none'];
    return startImage(bundle, { name, directory, args: [...command, '--kubeconfig', kubeconfig] });
  }
  const args = [join(import.meta.dirname, 'subscribersFloor.ts'), url, token, caFile, namespace];
  const program = startProcess({ name, command: process.execPath, args, directory });
  for (;;) {
    const found = /"url":"([^"]+)"/.exec(program.log())?.[1];
    if (found !== undefined) return { url: found, process: program };
    if (program.ended() !== undefined) throw new Error(`the floor has ended:\n${program.log()}`);
    await sleep(20);
  }
}

async function measure(contestant: Contestant, namespace: Namespace): Promise<Measured> {
  const one = await start(contestant, `${contestant}-1`, namespace);
  const two = await start(contestant, `${contestant}-2`, namespace);
  try {
    const questionUs = await measureQuestions(one, namespace);
    const { subscriberKb, lateMs } = await measureSubscribers(one, namespace);
    await settle();
    const backMs = await measureKill([one, two], namespace);
    const { p50Ms, p99Ms } = summarize(lateMs);
    return { questionUs, subscriberKb, p50Ms, p99Ms, backMs };
  } finally {
    await one.process.stop('SIGKILL');
    await two.process.stop('SIGKILL');
  }
}

async function measureQuestions({ url, process: { pid } }: Started, { name }: Namespace): Promise<number> {
  const pool = { namespace: name, pool: 'web-0' };
  await askOften(url, pool, warmUp);
  const before = readCpuMs(pid);
  await askOften(url, pool, questions);
  return Math.round(((readCpuMs(pid) - before) * 10_000) / questions) / 10;
}

async function measureSubscribers({ url, process: { pid } }: Started, namespace: Namespace) {
  await settle();
  const before = readMemory(pid).nowMb;
  const open: Subscriber[] = [];
  await inTurn(subscribers, async (index) => {
    open[index] = await insist(url, poolOf(namespace, index));
  });
  await settle();
  const subscriberKb = Math.round(((readMemory(pid).nowMb - before) * 10_000) / subscribers) / 10;
  const lateMs: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const index = sample % pools;
    const readers = open.filter((_, each) => each % pools === index);
    const wroteAt = performance.now();
    await raiseEpoch(namespace, index);
    for (let waits = 0; readers.some(({ lastAt }) => lastAt() < wroteAt); await sleep(5)) {
      waits += 1;
      if (waits > 12_000) throw new Error('a reader heard nothing of a write for a minute');
    }
    lateMs.push(...readers.map(({ lastAt }) => lastAt() - wroteAt));
  }
  for (const each of open) each.close();
  return { subscriberKb, lateMs };
}

/** Each stream that ends asks the other replica, as a client behind a Service would. */
async function measureKill([one, two]: readonly [Started, Started], namespace: Namespace): Promise<number> {
  let back = 0;
  const lost: (() => void)[] = [];
  const open: Subscriber[] = [];
  await inTurn(streams, async (index) => {
    const again = (): void => {
      void insist(two.url, poolOf(namespace, index)).then((subscriber) => {
        open.push(subscriber);
        back += 1;
      });
    };
    open.push(await insist(index % 2 === 0 ? one.url : two.url, poolOf(namespace, index), undefined, again));
    if (index % 2 === 0) lost.push(again);
  });
  const killedAt = performance.now();
  one.process.signal('SIGKILL');
  while (back < lost.length) await sleep(1);
  const tookMs = performance.now() - killedAt;
  for (const each of open) each.close();
  return Math.round(tookMs * 10) / 10;
}

function poolOf({ name }: Namespace, index: number) {
  return { namespace: name, pool: `web-${index % pools}` };
}

/** What an election writes, without the election. */
async function raiseEpoch(namespace: Namespace, index: number): Promise<void> {
  epoch += 1;
  const annotations = { 'zen-lead.io/epoch': String(epoch) };
  await namespace.request('PATCH', `${namespace.slices}/web-${index}-leader-ipv4`, { metadata: { annotations } });
}

async function inTurn(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: parallel }, run));
}
