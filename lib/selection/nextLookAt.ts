/**
 * nextLookAt: the instant at which the decision may change without any event, in epoch milliseconds; null when only an event can.
 *
 * A stateless function cannot wait: its reply asks the bridge to reconcile again then.
 */

import { nextChoiceAt } from './choose.ts';
import { findLeaderName } from './leaderName.ts';
import { readSituation } from './situation.ts';
import type { Snapshot } from './snapshot.ts';

export function nextLookAt(snapshot: Snapshot, now: number): number | null {
  const situation = readSituation(snapshot);
  if (situation === null || !situation.isOptedIn || !situation.isRoutable) return null;
  const place = findLeaderName(situation);
  return place.kind === 'taken' ? null : nextChoiceAt(situation.choice, now);
}
