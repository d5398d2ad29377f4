/**
 * judge: what a function would do about one Service, going by this replica's own store. Asked by a replica that does not speak first.
 *
 * Guarantees: pure, the same rules as in the function. Not guaranteed: that the store is new; so nothing more than a hint may come of it.
 */

import { decide } from '../lib/selection/decide.ts';
import { nextLookAt } from '../lib/selection/nextLookAt.ts';
import type { Snapshot } from '../lib/selection/snapshot.ts';
import { toPatch } from '../lib/selection/toPatch.ts';

export interface Judgement {
  /** A route would be written, now. Announcements and followers can wait for whoever speaks first. */
  readonly wantsRoute: boolean;
  /** Epoch milliseconds; null: only a change can change this. */
  readonly lookAgainAt: number | null;
}

export function judge(snapshot: Snapshot, now: number): Judgement {
  const writes = toPatch(snapshot, decide(snapshot, now), now);
  return { wantsRoute: writes.some(({ stage }) => stage === 'route'), lookAgainAt: nextLookAt(snapshot, now) };
}
