/**
 * Measures flows beside the smallest loop that sees a Job complete and posts the next one, in one
 * run, each on a kube-apiserver of its own. docs/performance.md.
 *
 * One flow after another: how long from the end of a Job until the next one is there. Many flows at
 * once: how long until the last Job has ended, and what the API server works for each step. A
 * stand-in ends Jobs at once, because the Job controller itself takes a second for each.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../test/support/controlPlane/createNamespace.ts';
import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { startProcess } from '../test/support/programs/startProcess.ts';
import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { aChainJob, aFlow, type JobFinisher, shapeOf, startJobFinisher } from './flowLoad.ts';
import { findProcess, readCpuMs, readMemory } from './readProcess.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { prepareBundle, startImage } from './startImage.ts';
import { summarize } from './summarize.ts';
import { writeClaim } from './writeClaim.ts';

const STEPS = shapeOf('').steps;
/** Flows one after another, for the hops. */
const CHAINS = 40;
/** So many of them first, which are not measured: code is compiled, and connections are opened. */
const WARM_UP = 10;
/** A server that has just started and learnt of new kinds works for some seconds by itself. */
const FRESH_SERVER_MS = 15_000;
/** Requests at once, to make the flows. */
const PARALLEL = 16;
/** A hundred times the expected time: longer means that something is broken. */
const TIMEOUT_MS = 900_000;

const flowList = z.object({ items: z.array(z.object({ status: z.object({ phase: z.string() }).optional() })) });

type Contestant = 'floor' | 'zen-flow';

interface Measured {
  readonly hopsMs: readonly number[];
  readonly makespanS: number;
  /** Milliseconds of a processor. */
  readonly apiServerMsAStep: number;
  /** One flow of 1,000 steps, one after another, and 64 at once. */
  readonly longS: number;
  readonly wideS: number;
}

const flows = readSamples({
  script: 'measureFlows.ts',
  samples: 1_000,
  reason: 'so many flows of 20 steps are a busy night',
});

if (findAssets(process.env) === null) {
  console.log(missingAssetsLine.replace(/^e2e/, 'bench'));
  process.exit();
}
const setting = describeSetting();
const bundle = prepareBundle('zen-flow');
try {
  const floor = await onOwnControlPlane('floor');
  const ours = await onOwnControlPlane('zen-flow');
  writeClaim({
    name: 'flows',
    claim: 'Flows of Jobs, each step after the one before it',
    load: `hops of ${CHAINS - WARM_UP} flows of ${STEPS} steps, one after another, after ${WARM_UP} more; ${flows} flows of ${STEPS} steps at once, then one of 1000, none lost and none doubled; Jobs end at once`,
    setting,
    figures: toFigures(floor, ours),
  });
} finally {
  bundle.close();
}
process.exit();

/** A server that holds the Jobs of the other one works more for each Job (besideFloor.ts). */
async function onOwnControlPlane(contestant: Contestant): Promise<Measured> {
  const controlPlane = await startControlPlane({ controllerManager: false });
  try {
    const { kubectl } = controlPlane;
    await kubectl('apply', '--server-side', '-k', join(import.meta.dirname, '../deploy/flow/crds'));
    // A definition that was just made has no conditions yet, which kubectl takes for an error.
    const wait = () => kubectl('wait', '--for=condition=Established', '--timeout=20s', 'crd', '--all');
    const isServed = (): Promise<boolean> =>
      wait().then(
        () => true,
        () => false,
      );
    await until(isServed, 'the kinds of zen-flow');
    await settle(FRESH_SERVER_MS);
    return await measure(controlPlane, contestant);
  } finally {
    await controlPlane.stop();
  }
}

function toFigures(floor: Measured, ours: Measured): readonly Figure[] {
  const [floorHops, ourHops] = [summarize(floor.hopsMs), summarize(ours.hopsMs)];
  const pair = (what: string, unit: string, a: number, b: number) => ({ what, unit, floor: a, zenLead: b });
  return [
    pair('hop p50', 'ms', floorHops.p50Ms, ourHops.p50Ms),
    pair('hop p99', 'ms', floorHops.p99Ms, ourHops.p99Ms),
    pair(`${flows} flows, makespan`, 's', floor.makespanS, ours.makespanS),
    pair('API server, a step', 'ms', floor.apiServerMsAStep, ours.apiServerMsAStep),
    pair('one flow of 1000 steps, one after another', 's', floor.longS, ours.longS),
    pair('one flow of 1000 steps, 64 at once', 's', floor.wideS, ours.wideS),
  ];
}

async function measure(controlPlane: ControlPlane, contestant: Contestant): Promise<Measured> {
  const namespace = await createNamespace(controlPlane, contestant);
  const finisher = await startJobFinisher(controlPlane, namespace.name);
  const program = await start(controlPlane, contestant, namespace);
  const begin = contestant === 'floor' ? beginJob : beginFlow;
  try {
    for (let chain = 0; chain < CHAINS; chain += 1) {
      const before = finisher.made();
      await begin(namespace, `chain${chain}`);
      await until(() => finisher.made() === before + STEPS, `the ${STEPS} Jobs of chain${chain}`);
      if (chain === WARM_UP - 1) finisher.forget();
    }
    const hopsMs = [...finisher.hopsMs];
    const before = finisher.made();
    const apiServer = findProcess('kube-apiserver', controlPlane.directory);
    const cpuBeforeMs = readCpuMs(apiServer);
    const startedAt = performance.now();
    await inTurn((index) => begin(namespace, `flow${index}`));
    await until(() => finisher.made() - before >= flows * STEPS, `the ${flows * STEPS} Jobs`);
    const makespanS = Math.round((performance.now() - startedAt) / 10) / 100;
    const apiServerMsAStep = Math.round((readCpuMs(apiServer) - cpuBeforeMs) / (flows * STEPS) / 0.01) / 100;
    const wanted = flows * STEPS + shapeOf('long').steps + shapeOf('wide').steps;
    const longS = await timeLarge('long', namespace, finisher, begin);
    const wideS = await timeLarge('wide', namespace, finisher, begin);
    if (contestant === 'zen-flow') await checkEnds(namespace, program.pid);
    if (finisher.made() - before !== wanted)
      throw new Error(`${finisher.made() - before} Jobs were made, not ${wanted}`);
    return { hopsMs, makespanS, apiServerMsAStep, longS, wideS };
  } finally {
    await finisher.close();
    await program.stop();
  }
}

type Begin = (namespace: Namespace, flow: string) => Promise<void>;

/** Seconds until the last of its Jobs is there. */
async function timeLarge(flow: string, namespace: Namespace, finisher: JobFinisher, begin: Begin): Promise<number> {
  const before = finisher.made();
  const { steps } = shapeOf(flow);
  const startedAt = performance.now();
  await begin(namespace, flow);
  await until(() => finisher.made() - before >= steps, `the ${steps} Jobs of ${flow}`);
  return Math.round((performance.now() - startedAt) / 10) / 100;
}

async function start(
  { url, token, caFile, directory, kubeconfig }: ControlPlane,
  contestant: Contestant,
  { name }: Namespace,
): Promise<{ readonly pid: number; stop(): Promise<unknown> }> {
  if (contestant === 'zen-flow') {
    const args = ['run', '--kubeconfig', kubeconfig, '--namespace', name];
    return (await startImage(bundle, { name, directory, args })).process;
  }
  const args = [`${import.meta.dirname}/flowFloor.ts`, url, token, caFile, name];
  const floor = startProcess({ name, command: process.execPath, args, directory });
  await until(() => floor.log().includes('started'), 'the floor to start');
  return floor;
}

async function beginJob({ request, name }: Namespace, flow: string): Promise<void> {
  const first = Array.from({ length: shapeOf(flow).width }, (_, step) => aChainJob(flow, step));
  await Promise.all(first.map((job) => request('POST', `/apis/batch/v1/namespaces/${name}/jobs`, job)));
}

async function beginFlow({ request, name }: Namespace, flow: string): Promise<void> {
  await request('POST', `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${name}/jobflows`, aFlow(flow));
}

async function inTurn(work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < flows) {
      next += 1;
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, run));
}

/** Every flow succeeds, and no Job is made besides. */
async function checkEnds({ request, name }: Namespace, pid: number): Promise<void> {
  const path = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${name}/jobflows`;
  const ended = async (): Promise<boolean> => {
    const { items } = flowList.parse(await request('GET', path));
    return items.length === flows + CHAINS + 2 && items.every(({ status }) => status?.phase === 'Succeeded');
  };
  await until(ended, 'every flow to succeed');
  const { peakMb } = readMemory(pid);
  console.log(`bridge and functions in one process: ${peakMb} MB at most`);
}

async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadlineAt = Date.now() + TIMEOUT_MS; Date.now() < deadlineAt; await sleep(2)) if (await isTrue()) return;
  throw new Error(`waited in vain for ${what}`);
}
