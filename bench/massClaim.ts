/**
 * Measures what happens to every Service of a namespace at once, with fleets of two sizes, and
 * keeps a figure of each. A square in the number of Services would show between them.
 */

import { besideFloor, type FleetRun } from './besideFloor.ts';
import type { Claim, Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const SIZES = [300, 1_000];

type MassClaim = Pick<Claim, 'name' | 'claim' | 'load'> & Pick<FleetRun, 'rounds' | 'measure'>;

/** `load`: how often. Measures nothing where kube-apiserver and etcd are missing. */
export async function massClaim({ name, claim, load, rounds, measure }: MassClaim): Promise<void> {
  const setting = describeSetting();
  const figures: Figure[] = [];
  for (const size of SIZES) {
    const result = await besideFloor({ size, rounds, measure });
    if (result === null) return;
    const { floor, 'zen-lead': zenLead } = result.tookMs;
    figures.push({ what: `${size} Services`, unit: 'ms', floor: medianOf(floor), zenLead: medianOf(zenLead) });
  }
  writeClaim({ name, claim, load: `3 pods each in one namespace, ${load}`, setting, figures });
}
