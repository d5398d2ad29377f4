/**
 * LeaderConcern: the concern of a source Service, with what its event says about why.
 */

import type { Change, ReconcileType } from '../../lib/events/reconcileEvent.ts';
import { type ServiceKey, serviceKey } from '../../lib/selection/snapshot.ts';
import type { Cause } from '../domain.ts';
import type { Concern, Source } from '../queue/concern.ts';
import type { LeaderStore } from './leaderStore.ts';
import { isServed } from './urgency.ts';

export interface LeaderConcern extends Concern {
  readonly key: ServiceKey;
  readonly type: ReconcileType;
  readonly change: Change;
}

/**
 * The concern without a change. At the start those that no fit pod serves come first: their leader
 * may have died unwatched.
 */
export function toConcern({ namespace, name }: Source, cause: Cause, at: number, store: LeaderStore): LeaderConcern {
  const source = { key: serviceKey(namespace, name), namespace, name, observedAt: at };
  if (cause === 'start') {
    const change = { kind: 'Service', name, verb: 'added' } as const;
    const lane = isServed(name, store.namespace(namespace)) ? 'change' : 'failover';
    return { ...source, type: 'io.zen-lead.service.added', change, lane };
  }
  const change = { kind: 'Service', name, verb: cause } as const;
  const lane = cause === 'resync' ? 'low' : 'change';
  return { ...source, type: `io.zen-lead.service.${cause}`, change, lane, dueAt: at };
}
