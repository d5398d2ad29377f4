/**
 * describeWatches: says why the bridge is not ready, in one sentence for each watch.
 * docs/architecture.md#readiness
 *
 * The bridge is ready when every list is complete, and no watch has been silent past its bookmark
 * budget.
 */

import type { Readiness } from '../../lib/telemetry/probes.ts';

/** What readiness asks of a reflector. */
export interface WatchState {
  /** `pods in team-a`, `services`. */
  readonly name: string;
  isSynced(): boolean;
  isStale(): boolean;
  lastHeardAt(): number;
}

export function describeWatches(watches: Iterable<WatchState>, now: number): Readiness {
  const reasons: string[] = [];
  for (const watch of watches) {
    if (!watch.isSynced()) reasons.push(`the list of ${watch.name} is not complete yet`);
    else if (watch.isStale())
      reasons.push(
        `the watch of ${watch.name} cannot be relied on: last heard ${secondsSince(watch.lastHeardAt(), now)} s ago`,
      );
  }
  return { ready: reasons.length === 0, reasons };
}

function secondsSince(at: number, now: number): number {
  return Math.round((now - at) / 1_000);
}
