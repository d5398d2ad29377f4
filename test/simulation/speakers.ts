/**
 * createSpeakers: how old the view may be of a bridge that sends snapshots. What a bridge that only hedges believes is of no account,
 * because it may send hints alone: that is what is checked by leaving it out here.
 */

import { defaultLeaseTuning } from '../../bridge/leaseTuning.ts';

export interface Speakers {
  /** It has written the Lease. */
  hold(name: string): void;
  /** From here on it may believe something so old without any means of knowing. */
  blind(name: string, forMs: number): void;
  blindMs(): number;
}

interface Blindness {
  readonly name: string;
  readonly at: number;
  readonly forMs: number;
}

export function createSpeakers(hasLease: boolean, now: () => number): Speakers {
  const heldUntil = new Map<string, number>();
  const blindnesses: Blindness[] = [];
  /** It may have spoken since it became blind. */
  const hasSpoken = ({ name, at }: Blindness): boolean =>
    !hasLease || (heldUntil.get(name) ?? Number.NEGATIVE_INFINITY) >= at;
  return {
    hold: (name) => heldUntil.set(name, now() + defaultLeaseTuning.durationMs),
    blind: (name, forMs) => blindnesses.push({ name, at: now(), forMs }),
    blindMs: () => Math.max(0, ...blindnesses.filter(hasSpoken).map(({ forMs }) => forMs)),
  };
}
