/**
 * ElectionView: what one election of a source has to know of the others. A snapshot that carries
 * one is the view of that election: its own settings and objects, and the pods of the source.
 *
 * It exists in memory alone. No event carries it, because it follows from the whole snapshot.
 */

import type { Warning } from '../decision.ts';
import type { OutsideVerdict } from '../outsideVerdict.ts';
import type { Uid } from '../snapshot.ts';
import type { ElectionRef } from './electionSettings.ts';

export interface ElectionView extends ElectionRef {
  /** False for what is left of an election, or a slot, that is no longer asked for. */
  readonly isWanted: boolean;
  /** What is written under the election's prefix, by its name without it. */
  readonly keys: Readonly<Record<string, string>>;
  /** About the annotations of elections; told by the first one. */
  readonly warnings: readonly Warning[];
  /** One of those annotations cannot be read, so a fit leader stays. */
  readonly hasUnreadable: boolean;
  /** Pods that may not be elected, because they lead a sibling. */
  readonly taken: ReadonlySet<Uid>;
  /** Of those, the pods that lead another slot of the same pool. */
  readonly pool: ReadonlySet<Uid>;
  /** Pods that come last, because they lead a sibling. */
  readonly avoided: ReadonlySet<Uid>;
  /** Pods that are to be ended, because they did not work as leader of a sibling. */
  readonly barred: ReadonlySet<Uid>;
  /** What callers from outside said, as it stands with the siblings. */
  readonly verdicts: readonly OutsideVerdict[];
  /** Of those, what stands with elections that are about to go; for the first one to take over. */
  readonly inherited: readonly OutsideVerdict[];
  /** Names that siblings have, or come before this one to want. */
  readonly reserved: { readonly services: ReadonlySet<string>; readonly slices: ReadonlySet<string> };
}

export const noPods: ReadonlySet<Uid> = new Set<Uid>();
