/**
 * describeScopes: says whether the bridge is ready, and what it lacks, one sentence for each.
 * docs/architecture.md#readiness
 *
 * The bridge is ready when every list is complete, and no watch has been silent past its bookmark
 * budget. A namespace that the API server refuses (403) does not count against that while another
 * one is served. A tenant who deletes a RoleBinding must not stop the others. It is named.
 */

import type { Readiness } from '../../lib/telemetry/probes.ts';

/** What readiness asks of a reflector. */
export interface WatchState {
  /** `pods in team-a`, `services`. */
  readonly name: string;
  isSynced(): boolean;
  isStale(): boolean;
  lastHeardAt(): number;
  /** What the API server said to the last request, where that was 403. */
  refusal(): string | null;
}

export interface ScopeState {
  /** Undefined where all namespaces are watched at once. */
  readonly namespace: string | undefined;
  readonly watches: readonly WatchState[];
}

export function describeScopes(scopes: readonly ScopeState[], now: number): Readiness {
  const reasons: string[] = [];
  let isAnyServed = false;
  let isAnyLate = false;
  for (const { namespace, watches } of scopes) {
    const lacking = watches.filter((watch) => !watch.isSynced() || watch.isStale());
    const refused = lacking.find((watch) => watch.refusal() !== null);
    if (refused !== undefined) {
      const what = namespace === undefined ? 'the cluster' : `namespace ${namespace}`;
      reasons.push(`${what} is not served: ${refused.refusal()}`);
      continue;
    }
    if (lacking.length === 0) isAnyServed = true;
    else isAnyLate = true;
    reasons.push(...lacking.map((watch) => describeWatch(watch, now)));
  }
  return { ready: isAnyServed && !isAnyLate, reasons };
}

function describeWatch(watch: WatchState, now: number): string {
  if (!watch.isSynced()) return `the list of ${watch.name} is not complete yet`;
  return `the watch of ${watch.name} cannot be relied on: last heard ${secondsSince(watch.lastHeardAt(), now)} s ago`;
}

function secondsSince(at: number, now: number): number {
  return Math.round((now - at) / 1_000);
}
