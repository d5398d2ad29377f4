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

type Keyed = Pick<Concern, 'key' | 'namespace' | 'name'>;

export interface Rechecks {
  take(source: Keyed, ask: Ask): void;
  /**
   * Sets the timer as our own rules ask for; null clears it. What the last reply gave to carry
   * stays, or a replica that only hints would write again and again what something else undoes.
   */
  setTimer(source: Keyed, afterMs: number | null): void;
  carryOf(key: string): string | undefined;
  close(): void;
}

export function createRechecks(
  clock: Clock,
  onDue: (source: Source, dueAt: number, afterMs: number) => void,
): Rechecks {
  const timers = new Map<string, CancelTimer>();
  const carries = new Map<string, string>();

  function setTimer({ key, namespace, name }: Keyed, afterMs: number | null): void {
    timers.get(key)?.();
    timers.delete(key);
    if (afterMs === null) return;
    const delayMs = toRecheckDelay(afterMs);
    const dueAt = clock.now() + delayMs;
    const fire = (): void => {
      timers.delete(key);
      onDue({ namespace, name }, dueAt, delayMs);
    };
    timers.set(key, clock.setTimer(fire, delayMs));
  }

  return {
    take(source, { recheckAfterMs, carry }) {
      if (carry === undefined) carries.delete(source.key);
      else carries.set(source.key, carry);
      setTimer(source, recheckAfterMs ?? null);
    },
    setTimer,
    carryOf: (key) => carries.get(key),
    close() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
