/**
 * Picks from each reconcile the warnings that the previous reconcile of the same Service did not
 * have. A warning stays for as long as its cause, and the timeline shows it once.
 */

import type { Warning } from '../../lib/selection/decision.ts';
import { serviceKey } from '../../lib/selection/snapshot.ts';
import type { Replayed } from './decideAgain.ts';

export function createNewWarnings(): (replayed: Replayed) => readonly Warning[] {
  const last = new Map<string, ReadonlySet<string>>();
  return ({ reconcile, warnings }) => {
    const key = serviceKey(reconcile.service.namespace, reconcile.service.name);
    const before = last.get(key);
    last.set(key, new Set(warnings.map(({ message }) => message)));
    return warnings.filter(({ message }) => !before?.has(message));
  };
}
