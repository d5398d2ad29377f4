/**
 * ServerCalls: the way to a simulated API server and back: delays, outages, and answers that are
 * lost after the server has acted.
 */

import { ZenLeadError } from '../../../lib/errors.ts';
import type { VirtualClock } from '../../support/simulated/virtualClock.ts';
import type { Random } from '../random.ts';

export interface ServerCalls {
  /** A request on its way, what the server does, and the answer on its way. */
  call<T>(signal: AbortSignal, act: () => T): Promise<T>;
  /** Delivers in order and later, `lateMs` at most, as a watch does, until it is stopped. */
  watch<T>(lateMs: number, onChange: (change: T) => void): { readonly tell: (change: T) => void; stop(): void };
  /** Every call fails until then. */
  setDown(isDown: boolean): void;
}

export function createServerCalls(clock: VirtualClock, random: Random): ServerCalls {
  let isDown = false;
  const later = (maxMs: number): Promise<void> =>
    new Promise((resolve) => clock.setTimer(() => resolve(), random.between(1, maxMs)));
  return {
    async call(signal, act) {
      await later(20);
      if (isDown) throw new ZenLeadError('KUBE_UNAVAILABLE', 'down', { retry: 'later' });
      const result = act();
      await later(20);
      if (signal.aborted) throw new ZenLeadError('ABORTED', 'the replica has gone', { retry: 'never' });
      // The answer to a write that happened may be lost.
      if (random.chance(0.01)) throw new ZenLeadError('KUBE_TIMEOUT', 'the answer is lost', { retry: 'later' });
      return result;
    },
    watch(lateMs, onChange) {
      let lastAt = 0;
      let isOpen = true;
      return {
        tell(change) {
          lastAt = Math.max(lastAt, clock.monotonic() + random.between(1, lateMs));
          clock.setTimer(() => {
            if (isOpen) onChange(change);
          }, lastAt - clock.monotonic());
        },
        stop() {
          isOpen = false;
        },
      };
    },
    setDown(value) {
      isDown = value;
    },
  };
}

/** RFC 7386. */
export function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
}
