/**
 * Checks that no object is written in a loop once nothing else goes wrong. What something else
 * undoes comes later and later. docs/decisions/damping.md
 */

import type { Cluster } from '../cluster.ts';
import type { Problem } from './checkSettled.ts';

/**
 * By each bridge, because each counts for itself: twice at once, then 1 s, 2 s, 4 s and so on,
 * which is ten in 150 s. A leader Service that is made again is three writes with its record, every
 * 10 s at most where it was missing. Without damping it was hundreds.
 */
const OF_EACH_BRIDGE = 60;

/** `before`: how often each object had been written when the last trouble ended. */
export function checkLoops(before: ReadonlyMap<string, number>, cluster: Cluster): Problem | null {
  const most = OF_EACH_BRIDGE * cluster.bridgeNames.length;
  for (const [target, count] of cluster.functionWrites()) {
    const writes = count - (before.get(target) ?? 0);
    if (writes > most)
      return { check: 'loop', message: `${target} was written ${writes} times after the last trouble` };
  }
  return null;
}
