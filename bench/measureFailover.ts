/**
 * Measures how long a failover takes, beside the floor, on one kube-apiserver in
 * one run. docs/performance.md.
 *
 * A sample lasts from the acknowledgement of the leader's status write (NotReady) until another
 * client's watch delivers the slice with the other pod's address. Floor and zen-lead take turns, so
 * that other work on the machine meets both. It asserts nothing: a timed assertion fails on a busy
 * machine and proves nothing on an idle one.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';
import { startProcess } from '../test/support/programs/startProcess.ts';
import { createFloorWorkload, createLedWorkload, type Workload } from './createWorkloads.ts';
import { describeSetting, type Setting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { summarize } from './summarize.ts';
import { type WatchedAddress, watchAddress } from './watchAddress.ts';
import { writeClaim } from './writeClaim.ts';

/** These rounds are discarded: they compile code and open connections. */
const warmUpRounds = 50;
/**
 * Pause between two samples, so that what follows a failover (record, announcement) is over before
 * the next one.
 */
const pauseMs = 60;
/**
 * Thousands of times the expected time: a sample that lasts longer means that something is broken.
 */
const sampleTimeoutMs = 30_000;

interface Contestant {
  readonly name: 'floor' | 'zen-lead';
  readonly workload: Workload;
  readonly address: WatchedAddress;
  readonly samplesMs: number[];
}

const samples = readSamples({
  script: 'measureFailover.ts',
  samples: 1_000,
  reason: 'ten samples lie above the 99th percentile',
});
if (findAssets(process.env) === null) {
  console.log(missingAssetsLine.replace(/^e2e/, 'bench'));
} else {
  const setting = describeSetting();
  // Without kube-controller-manager, whose work on the same pods would be in the figures of both.
  const controlPlane = await startControlPlane({ controllerManager: false });
  try {
    await run(controlPlane, samples, setting);
  } finally {
    await controlPlane.stop();
  }
  process.exit();
}

async function run(controlPlane: ControlPlane, samples: number, setting: Setting): Promise<void> {
  const floor = await enter(controlPlane, 'floor', await createFloorWorkload(controlPlane, 'floor'));
  const led = await enter(controlPlane, 'zen-lead', await createLedWorkload(controlPlane, 'led'));
  const { url, token, caFile, directory } = controlPlane;
  const floorProcess = startProcess({
    name: 'floor',
    command: process.execPath,
    args: [`${import.meta.dirname}/floor.ts`, url, token, caFile, floor.workload.namespace.name],
    directory,
  });
  // zen-lead watches one namespace, or the floor's pods would be its work too.
  const zenLead = await startZenLead(controlPlane, 'zen-lead', '--namespace', led.workload.namespace.name);
  try {
    for (const each of [floor, led]) await waitForRoute(each);
    for (let round = -warmUpRounds; round < samples; round += 1) {
      for (const contestant of [floor, led]) {
        const tookMs = await failOver(contestant);
        if (round >= 0) contestant.samplesMs.push(tookMs);
      }
      if (round > 0 && round % 100 === 0) console.log(`bench: ${round} of ${samples}`);
    }
  } finally {
    await Promise.all([floor.address.close(), led.address.close()]);
    await Promise.all([floorProcess.stop('SIGKILL'), zenLead.process.stop('SIGKILL')]);
  }
  const [floorTook, ledTook] = [summarize(floor.samplesMs), summarize(led.samplesMs)];
  writeClaim({
    name: 'failover',
    claim: 'Failovers of one Service: from the status of its pod to the slice that another watch sees',
    load: `${samples} of each in turns, one at a time, ${pauseMs} ms apart; bridge and functions in one process`,
    setting,
    figures: [
      { what: 'p50', unit: 'ms', floor: floorTook.p50Ms, zenLead: ledTook.p50Ms },
      { what: 'p99', unit: 'ms', floor: floorTook.p99Ms, zenLead: ledTook.p99Ms },
    ],
  });
}

async function enter(controlPlane: ControlPlane, name: Contestant['name'], workload: Workload): Promise<Contestant> {
  return { name, workload, address: await watchAddress(controlPlane, workload), samplesMs: [] };
}

async function waitForRoute({ workload, address }: Contestant): Promise<void> {
  for (const deadlineAt = Date.now() + sampleTimeoutMs; address.current() === undefined; await sleep(20))
    if (Date.now() > deadlineAt) throw new Error(`${workload.serviceName} was not routed to any pod in time`);
}

/** Returns milliseconds. When it resolves, the previous leader is Ready again and follows. */
async function failOver({ workload, address }: Contestant): Promise<number> {
  const [first, second] = workload.pods;
  const [leader, next] = address.current() === first.ipv4 ? [first, second] : [second, first];
  const seen = address.seen(next.ipv4, sampleTimeoutMs);
  await leader.setReady(false);
  const acknowledgedAt = performance.now();
  const tookMs = (await seen) - acknowledgedAt;
  await sleep(pauseMs / 2);
  await leader.setReady(true);
  await sleep(pauseMs / 2);
  return tookMs;
}
