/**
 * measureFleetFailovers: fails over many Services one after another without a pause, beside the
 * floor in one run.
 *
 * What follows a failover, its announcement and the watch lines of that, is then under way during
 * the next one. A sample lasts from the acknowledgement of the leader's status write until another
 * client's watch delivers the other pod's address.
 */

import { besideFloor, type StartZenLead } from './besideFloor.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { summarize } from './summarize.ts';
import { writeClaim } from './writeClaim.ts';

const services = 300;
/** A step that has no divisor in common with the number of Services meets each of them in turn. */
const stride = 7;
/** Discarded: they compile code and open connections. */
const warmUp = 20;

export interface FailoverClaim {
  readonly script: string;
  readonly name: string;
  readonly claim: string;
  readonly startZenLead?: StartZenLead;
}

export async function measureFleetFailovers({ script, name, claim, ...how }: FailoverClaim): Promise<void> {
  const reason = 'four samples lie above the 99th percentile';
  const samples = readSamples({ script, samples: 400, reason });
  const result = await besideFloor({
    ...how,
    size: services,
    rounds: 1,
    async measure(fleet) {
      await settle();
      await fleet.optIn();
      await settle();
      const tookMs: number[] = [];
      for (let i = 0; i < warmUp + samples; i += 1) {
        const member = fleet.members[(i * stride) % services];
        if (member === undefined) continue;
        const took = await fleet.failOver(member);
        if (i >= warmUp) tookMs.push(took);
      }
      return tookMs;
    },
  });
  if (result === null) return;
  const { setting, tookMs } = result;
  const [floor, zenLead] = [summarize(tookMs.floor), summarize(tookMs['zen-lead'])];
  writeClaim({
    name,
    claim,
    load: `${services} Services with 3 pods each in one namespace, ${samples} failovers without a pause`,
    setting,
    figures: [
      { what: 'p50', unit: 'ms', floor: floor.p50Ms, zenLead: zenLead.p50Ms },
      { what: 'p99', unit: 'ms', floor: floor.p99Ms, zenLead: zenLead.p99Ms },
    ],
  });
}
