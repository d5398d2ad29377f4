/**
 * Measures the api role under gRPC clients beside a bare server of HTTP/2.
 *
 * GetLeader: processor time of the server. 10,000 subscribers, each on a connection of its own:
 * memory, and from a write of a slice to the message of each reader of that pool. Two replicas, of
 * which one is killed under 1,000 streams: until the last is back, with the state.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNamespace, type Namespace } from '../test/support/controlPlane/createNamespace.ts';
import type { ControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { startPod } from '../test/support/controlPlane/startPod.ts';
import { aService } from '../test/support/objects/aService.ts';
import { type RunningProcess, startProcess } from '../test/support/programs/startProcess.ts';
import { askOften, insist, type Subscriber } from './grpcStreams.ts';
import { readCpuMs, readMemory } from './readProcess.ts';
import { settle } from './settle.ts';
import { type Bundle, startImage } from './startImage.ts';
import { summarize } from './summarize.ts';
import type { Part } from './writeClaim.ts';

const pools = 100;
const subscribers = 10_000;
const streams = 1_000;
const questions = 50_000;
/** Compiles code and opens connections. */
const warmUp = 20_000;
/** Discarded: they compile the way of a change. */
const warmUpWrites = 20;
/** Connections that are opened at once. */
const parallel = 50;
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

interface Run {
  readonly controlPlane: ControlPlane;
  readonly bundle: Bundle;
  readonly namespace: Namespace;
  readonly samples: number;
}

export async function measureSubscribers(controlPlane: ControlPlane, bundle: Bundle, samples: number): Promise<Part> {
  const run: Run = { controlPlane, bundle, namespace: await createNamespace(controlPlane, 'subscribers'), samples };
  await createPools(run);
  const floor = await measure('floor', run);
  const zenLead = await measure('zenLead', run);
  const figure = (what: string, unit: string, of: keyof Measured) => ({
    ...{ what, unit, floor: floor[of], zenLead: zenLead[of] },
  });
  const aSecond = Math.round(1e6 / zenLead.questionUs).toLocaleString('en');
  return {
    name: 'subscribers',
    claim: 'Who leads, asked and followed over gRPC',
    load: `${questions} questions; ${subscribers} subscribers of ${pools} pools, each on its own connection; ${samples} writes of a slice; one of two replicas killed under ${streams} streams`,
    figures: [
      figure(`GetLeader, processor time: ${aSecond} a second and core`, 'us', 'questionUs'),
      figure('memory of a subscriber', 'KB', 'subscriberKb'),
      figure('write of a slice to message p50', 'ms', 'p50Ms'),
      figure('write of a slice to message p99', 'ms', 'p99Ms'),
      figure(`all ${streams} streams back`, 'ms', 'backMs'),
    ],
  };
}

/** zen-lead makes them once; both contestants read what it has written. */
async function createPools(run: Run): Promise<void> {
  const { namespace } = run;
  await startPod(namespace, { name: 'web-0', families: ['IPv4'] });
  await startPod(namespace, { name: 'web-1', families: ['IPv4'] });
  for (let index = 0; index < pools; index += 1)
    await namespace.request('POST', namespace.core('services'), aService({ name: `web-${index}` }));
  const elector = await start('zenLead', 'run', run);
  for (let led = 0; led < pools; await sleep(100)) {
    const { items } = (await namespace.request('GET', namespace.slices)) as {
      items: { endpoints: unknown[] | null }[];
    };
    led = items.filter(({ endpoints }) => (endpoints ?? []).length > 0).length;
  }
  await elector.process.stop();
}

async function start(contestant: Contestant, name: string, { controlPlane, bundle, namespace }: Run): Promise<Started> {
  const { kubeconfig, directory, url, token, caFile } = controlPlane;
  if (contestant === 'zenLead') {
    const command = name === 'run' ? ['run', '--no-lease'] : ['api', '--api-auth', 'none'];
    return startImage(bundle, { name, directory, args: [...command, '--kubeconfig', kubeconfig] });
  }
  const args = [join(import.meta.dirname, 'subscribersFloor.ts'), url, token, caFile, namespace.name];
  const program = startProcess({ name, command: process.execPath, args, directory });
  for (;;) {
    const found = /"url":"([^"]+)"/.exec(program.log())?.[1];
    if (found !== undefined) return { url: found, process: program };
    if (program.ended() !== undefined) throw new Error(`the floor has ended:\n${program.log()}`);
    await sleep(20);
  }
}

async function measure(contestant: Contestant, run: Run): Promise<Measured> {
  const { namespace, samples } = run;
  const one = await start(contestant, `${contestant}-1`, run);
  const two = await start(contestant, `${contestant}-2`, run);
  try {
    const questionUs = await measureQuestions(one, namespace);
    const { subscriberKb, lateMs } = await measureReaders(one, namespace, samples);
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

async function measureReaders({ url, process: { pid } }: Started, namespace: Namespace, samples: number) {
  await settle();
  const before = readMemory(pid).nowMb;
  const open: Subscriber[] = [];
  await inTurn(subscribers, async (index) => {
    open[index] = await insist(url, poolOf(namespace, index));
  });
  await settle();
  const subscriberKb = Math.round(((readMemory(pid).nowMb - before) * 10_000) / subscribers) / 10;
  const lateMs: number[] = [];
  for (let sample = -warmUpWrites; sample < samples; sample += 1) {
    const index = (sample + warmUpWrites) % pools;
    const readers = open.filter((_, each) => each % pools === index);
    const wroteAt = performance.now();
    await raiseEpoch(namespace, index);
    for (let waits = 0; readers.some(({ lastAt }) => lastAt() < wroteAt); await sleep(5)) {
      waits += 1;
      if (waits > 12_000) throw new Error('a reader heard nothing of a write for a minute');
    }
    if (sample >= 0) lateMs.push(...readers.map(({ lastAt }) => lastAt() - wroteAt));
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
