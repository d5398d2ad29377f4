/**
 * startDeadline: ends the time of one probe. A time-out says something about the target only where
 * this process was on time for all of it (S11).
 *
 * Where the process was late by more than a quarter of the time-out, that time-out is void and the
 * probe gets another one. Its connection outlives such a stop, and the answer may be there by now.
 *
 * Guarantees: a probe takes three time-outs at most. After a stop of a second it gets no other one,
 * because its connection may have ended meanwhile without a word.
 */

import type { Clock } from '../clock.ts';
import { type LagMonitor, STOOD_STILL_MS } from './lagMonitor.ts';

export interface Deadline {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** Ends the time now. */
  abort(): void;
  /** Ends the measuring. Returns whether a failure that came now would be void. */
  end(): boolean;
}

export interface DeadlineContext {
  readonly clock: Clock;
  readonly lag: LagMonitor;
  /** A time-out is over that says nothing, and another one begins. */
  onVoid(): void;
}

const MOST_TIMEOUTS = 3;

export function startDeadline(timeoutMs: number, { clock, lag, onVoid }: DeadlineContext): Deadline {
  const startedAt = clock.monotonic();
  const meter = lag.start(timeoutMs);
  const controller = new AbortController();
  let cancel = clock.setTimer(expire, timeoutMs);

  function expire(): void {
    const stop = meter.latest();
    const againMs = stop === null ? 0 : stop.endedAt + timeoutMs - clock.monotonic();
    const lastsMs = clock.monotonic() + againMs - startedAt;
    const mayGoOn = stop !== null && stop.ms < STOOD_STILL_MS && lastsMs <= MOST_TIMEOUTS * timeoutMs;
    if (againMs <= 0 || !mayGoOn) {
      controller.abort();
      return;
    }
    cancel = clock.setTimer(expire, againMs);
    onVoid();
  }

  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    end() {
      cancel();
      return meter.end();
    },
  };
}
