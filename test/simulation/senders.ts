/**
 * createSenders: says how old the view of a bridge that sends snapshots may be. A bridge that only
 * hedges may send hints alone, so its view does not count. Leaving it out here checks that.
 */

import { defaultLeaseTuning } from '../../bridge/replicas/leaseTuning.ts';

export type BlindBy = 'proxy' | 'cut' | 'freeze' | 'connecting' | 'restore';

export interface Senders {
  /** It has written the Lease. */
  hold(name: string): void;
  /** It has been denied the Lease and sends without it, or no longer. */
  setWithout(name: string, isWithout: boolean): void;
  /**
   * It may send snapshots. There is no Lease, or it is denied the Lease, or it has written the
   * Lease within the time for which that counts.
   */
  maySend(name: string): boolean;
  /** The bridge that has last written it. Null before. */
  holder(): string | null;
  /** From here on it may assume something so old without any means of knowing. */
  blind(name: string, why: BlindBy, forMs: number): void;
  /** Troubles add up, because a proxy may hold back what a cut link has held back already. */
  blindMs(): number;
  /** The same of one bridge, whether it may send snapshots or hints alone. */
  blindMsOf(name: string): number;
}

interface Blindness {
  readonly name: string;
  readonly why: BlindBy;
  readonly at: number;
  readonly forMs: number;
}

export function createSenders(hasLease: boolean, now: () => number): Senders {
  const heldUntil = new Map<string, number>();
  const withoutUntil = new Map<string, number>();
  const blindnesses: Blindness[] = [];
  const mayUntil = (name: string): number =>
    Math.max(heldUntil.get(name) ?? Number.NEGATIVE_INFINITY, withoutUntil.get(name) ?? Number.NEGATIVE_INFINITY);
  let holder: string | null = null;
  /** It may have sent since it became blind. */
  const hasSent = ({ name, at }: Blindness): boolean => !hasLease || mayUntil(name) >= at;
  return {
    hold(name) {
      holder = name;
      heldUntil.set(name, now() + defaultLeaseTuning.durationMs);
    },
    setWithout(name, isWithout) {
      if (isWithout) withoutUntil.set(name, Number.POSITIVE_INFINITY);
      else if (withoutUntil.get(name) === Number.POSITIVE_INFINITY) withoutUntil.set(name, now());
    },
    maySend: (name) => !hasLease || mayUntil(name) >= now(),
    holder: () => holder,
    blind: (name, why, forMs) => blindnesses.push({ name, why, at: now(), forMs }),
    blindMs: () => sumOf(blindnesses.filter(hasSent)),
    blindMsOf: (name) => sumOf(blindnesses.filter((each) => each.name === name)),
  };
}

function sumOf(blindnesses: readonly Blindness[]): number {
  const longest = new Map<BlindBy, number>();
  for (const { why, forMs } of blindnesses) longest.set(why, Math.max(longest.get(why) ?? 0, forMs));
  return [...longest.values()].reduce((sum, forMs) => sum + forMs, 0);
}
