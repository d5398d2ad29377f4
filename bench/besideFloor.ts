/**
 * Measures fleets beside the floor in one run. Floor and zen-lead take turns, each with a fleet and
 * a kube-apiserver of its own, so that other work on the machine meets both.
 *
 * On one kube-apiserver the second of them pays for the Services of the first: to create a Service
 * costs the more the more there are (docs/performance.md#what-a-call-costs).
 */

import type { Namespace } from '../test/support/controlPlane/createNamespace.ts';
import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { startProcess } from '../test/support/programs/startProcess.ts';
import { describeSetting, type Setting } from './describeSetting.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { type Bundle, prepareBundle, startImage } from './startImage.ts';

const contestants = ['floor', 'zen-lead'] as const;
type Contestant = (typeof contestants)[number];

export interface FleetRun {
  readonly size: number;
  readonly rounds: number;
  /**
   * Called once a round and contestant, when its program watches the fleet. Resolves with samples
   * in milliseconds.
   */
  measure(fleet: Fleet): Promise<readonly number[]>;
  /** How zen-lead is started; default: bridge and functions in one process. */
  readonly startZenLead?: StartZenLead;
}

/** Watches one namespace. Resolves when zen-lead is ready. */
export type StartZenLead = (controlPlane: ControlPlane, namespace: Namespace, bundle: Bundle) => Promise<Program>;

export interface Program {
  stop(): Promise<unknown>;
}

export interface FleetResult {
  /** As it was before anything was started. */
  readonly setting: Setting;
  /** Samples of all rounds, in milliseconds. */
  readonly tookMs: Readonly<Record<Contestant, readonly number[]>>;
}

/** Null, and one plain line, where kube-apiserver and etcd are missing. */
export async function besideFloor(run: FleetRun): Promise<FleetResult | null> {
  if (findAssets(process.env) === null) {
    console.log(missingAssetsLine.replace(/^e2e/, 'bench'));
    return null;
  }
  const setting = describeSetting();
  const bundle = prepareBundle();
  const tookMs: Record<Contestant, number[]> = { floor: [], 'zen-lead': [] };
  try {
    for (let round = 0; round < run.rounds; round += 1)
      for (const contestant of contestants)
        tookMs[contestant].push(...(await onOwnControlPlane({ bundle, contestant, round }, run)));
  } finally {
    bundle.close();
  }
  return { setting, tookMs };
}

interface Turn {
  readonly bundle: Bundle;
  readonly contestant: Contestant;
  readonly round: number;
}

async function onOwnControlPlane(turn: Turn, run: FleetRun): Promise<readonly number[]> {
  // Without kube-controller-manager, whose work on the same pods would be in the figures of both.
  const controlPlane = await startControlPlane({ controllerManager: false });
  try {
    return await runOne(controlPlane, turn, run);
  } finally {
    await controlPlane.stop();
  }
}

async function runOne(
  controlPlane: ControlPlane,
  { bundle, contestant, round }: Turn,
  { size, measure, startZenLead = startRun }: FleetRun,
): Promise<readonly number[]> {
  const fleet = await createFleet(controlPlane, `${contestant}-${round}`, size);
  const start = contestant === 'floor' ? startFloor : startZenLead;
  const program = await start(controlPlane, fleet.namespace, bundle);
  try {
    return await measure(fleet);
  } finally {
    await fleet.close();
    await program.stop();
  }
}

async function startFloor({ url, token, caFile, directory }: ControlPlane, { name }: Namespace): Promise<Program> {
  const args = [`${import.meta.dirname}/fleetFloor.ts`, url, token, caFile, name];
  return startProcess({ name, command: process.execPath, args, directory });
}

async function startRun(
  { kubeconfig, directory }: ControlPlane,
  { name }: Namespace,
  bundle: Bundle,
): Promise<Program> {
  const args = ['run', '--kubeconfig', kubeconfig, '--namespace', name];
  return (await startImage(bundle, { name, directory, args })).process;
}
