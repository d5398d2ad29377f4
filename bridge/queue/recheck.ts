/**
 * createRechecks: keeps the timers that replies ask for ("reconcile again in N ms"), and the
 * `carry` that goes back with the next event.
 *
 * Guarantees: one timer a key, replaced by each reply; a reply that asks for none clears it. At
 * most one hour (docs/reference/events.md#replies).
 * Does not guarantee that timers outlive the process. A bridge that starts reconciles every key,
 * and the replies set them again.
 */

import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import type { Concern, Source } from './concern.ts';

/** What a reply asks for. */
export interface Ask {
  readonly recheckAfterMs?: number;
  /** Opaque; goes back with the next event. */
  readonly carry?: string;
}

export interface Rechecks {
  take(source: Pick<Concern, 'key' | 'namespace' | 'name'>, ask: Ask): void;
  carryOf(key: string): string | undefined;
  close(): void;
}

export function createRechecks(clock: Clock, onDue: (source: Source, dueAt: number) => void): Rechecks {
  const timers = new Map<string, CancelTimer>();
  const carries = new Map<string, string>();

  return {
    take({ key, namespace, name }, { recheckAfterMs, carry }) {
      timers.get(key)?.();
      timers.delete(key);
      if (carry === undefined) carries.delete(key);
      else carries.set(key, carry);
      if (recheckAfterMs === undefined) return;
      const delayMs = toRecheckDelay(recheckAfterMs);
      const dueAt = clock.now() + delayMs;
      const fire = (): void => {
        timers.delete(key);
        onDue({ namespace, name }, dueAt);
      };
      timers.set(key, clock.setTimer(fire, delayMs));
    },
    carryOf: (key) => carries.get(key),
    close() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
