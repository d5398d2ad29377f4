/**
 * createRechecks: the timers that replies ask for ("reconcile again in N ms"), and the `carry` that goes back with the next reconcile.
 *
 * Guarantees: one timer a key, replaced by each reply; a reply that asks for none clears it. At most one hour (docs/reference/events.md).
 * Not guaranteed: that timers outlive the process. Whoever starts looks at every key, and the replies set them again.
 */

import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import type { ReplyData } from '../../lib/events/reply.ts';
import type { ServiceKey } from '../../lib/selection/snapshot.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import type { Concern } from './concern.ts';

/** Which Service a timer is about. */
export type Source = Pick<Concern, 'key' | 'namespace' | 'name'>;

export interface Rechecks {
  take(source: Source, reply: Pick<ReplyData, 'recheckAfterMs' | 'carry'>): void;
  carryOf(key: ServiceKey): string | undefined;
  close(): void;
}

export function createRechecks(clock: Clock, onDue: (concern: Concern) => void): Rechecks {
  const timers = new Map<ServiceKey, CancelTimer>();
  const carries = new Map<ServiceKey, string>();

  function schedule(source: Source, afterMs: number): void {
    const { key, namespace, name } = source;
    const delayMs = toRecheckDelay(afterMs);
    const dueAt = clock.now() + delayMs;
    const fire = (): void => {
      timers.delete(key);
      const change = { kind: 'Service', name, verb: 'recheck' } as const;
      onDue({
        key,
        namespace,
        name,
        type: 'io.zen-lead.service.recheck',
        change,
        lane: 'change',
        observedAt: dueAt,
        dueAt,
      });
    };
    timers.set(key, clock.setTimer(fire, delayMs));
  }

  return {
    take(source, { recheckAfterMs, carry }) {
      timers.get(source.key)?.();
      timers.delete(source.key);
      if (carry === undefined) carries.delete(source.key);
      else carries.set(source.key, carry);
      if (recheckAfterMs !== undefined) schedule(source, recheckAfterMs);
    },
    carryOf: (key) => carries.get(key),
    close() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
