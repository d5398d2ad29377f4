/**
 * Measures fleets beside the floor, on one kube-apiserver in one run. Floor and zen-lead take
 * turns, each with a fleet of its own, so that other work on the machine meets both.
 */

import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { type ControlPlane, startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';
import { startProcess } from '../test/support/programs/startProcess.ts';
import { describeSetting, type Setting } from './describeSetting.ts';
import { createFleet, type Fleet } from './fleet.ts';

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
  const tookMs: Record<Contestant, number[]> = { floor: [], 'zen-lead': [] };
  // Without kube-controller-manager, whose work on the same pods would be in the figures of both.
  const controlPlane = await startControlPlane({ controllerManager: false });
  try {
    for (let round = 0; round < run.rounds; round += 1)
      for (const contestant of contestants)
        tookMs[contestant].push(...(await runOne(controlPlane, contestant, round, run)));
  } finally {
    await controlPlane.stop();
  }
  return { setting, tookMs };
}

async function runOne(
  controlPlane: ControlPlane,
  contestant: Contestant,
  round: number,
  { size, measure }: FleetRun,
): Promise<readonly number[]> {
  const fleet = await createFleet(controlPlane, `${contestant}-${round}`, size);
  const program = await startProgram(controlPlane, contestant, fleet);
  try {
    return await measure(fleet);
  } finally {
    await fleet.close();
    await program.stop('SIGKILL');
  }
}

/** A program watches its own namespace only, or the other fleet's pods would be its work too. */
async function startProgram(controlPlane: ControlPlane, contestant: Contestant, { namespace }: Fleet) {
  const { name } = namespace;
  if (contestant === 'zen-lead') return (await startZenLead(controlPlane, name, '--namespace', name)).process;
  const { url, token, caFile, directory } = controlPlane;
  const args = [`${import.meta.dirname}/fleetFloor.ts`, url, token, caFile, name];
  return startProcess({ name, command: process.execPath, args, directory });
}
