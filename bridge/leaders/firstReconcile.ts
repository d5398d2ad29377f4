/**
 * toFirstReconcile: the concern with which every source is looked at once, when all lists are in. Called by `startBridge`.
 *
 * Those that nobody serves come first: their leader may have died while nobody watched.
 */

import { serviceKey } from '../../lib/selection/snapshot.ts';
import type { Concern } from '../queue/concern.ts';
import type { LeaderStore, SourceName } from './leaderStore.ts';
import { isServed } from './urgency.ts';

export function toFirstReconcile({ namespace, name }: SourceName, store: LeaderStore, now: number): Concern {
  const change = { kind: 'Service', name, verb: 'added' } as const;
  const lane = isServed(name, store.namespace(namespace)) ? 'change' : 'failover';
  const key = serviceKey(namespace, name);
  return { key, namespace, name, type: 'io.zen-lead.service.added', change, lane, observedAt: now };
}
