/**
 * createLagMonitor: measures how late this process runs its timers while probes are in flight. A
 * target that answered in time seems silent to a process that was busy with something else.
 *
 * Guarantees: no timer while no probe is in flight. A stop of more than a quarter of a probe's
 * time-out is noticed by that probe.
 * Source: https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop
 */

import type { CancelTimer, Clock } from '../clock.ts';

/** A time in which this process ran no timer. */
interface Stop {
  readonly ms: number;
  /** Monotonic. */
  readonly endedAt: number;
}

interface LagMeter {
  /** The latest stop that makes a time-out void; null without one since the meter was made. */
  latest(): Stop | null;
  /** Ends the measuring. Returns whether a failure that came now would be void. */
  end(): boolean;
}

export interface LagMonitor {
  /** `timeoutMs`: of the probe. The ticks are fine enough for it. */
  start(timeoutMs: number): LagMeter;
  close(): void;
}

/** Longer than this share of its time-out, a stop makes a probe void. */
const VOID_SHARE = 1 / 4;
/** A stop of a quarter is to be seen, so a tick takes an eighth. */
const TICKS_A_TIMEOUT = 8;
const MIN_TICK_MS = 2;
/** Forty timers a second cost nothing that can be measured. */
const MAX_TICK_MS = 25;
/** No garbage collection takes that long. A stopped process does, and a machine that slept. */
export const STOOD_STILL_MS = 1_000;

/** `onStoodStill`: the process did not run for `STOOD_STILL_MS` or more. */
export function createLagMonitor(clock: Clock, onStoodStill: () => void): LagMonitor {
  const meters = new Set<{ readonly mostMs: number; latest: Stop | null }>();
  let tickMs = MAX_TICK_MS;
  let dueAt = 0;
  let cancel: CancelTimer | null = null;

  function note(): number {
    const endedAt = clock.monotonic();
    const ms = Math.max(0, endedAt - dueAt);
    if (ms > 0) for (const meter of meters) if (ms > meter.mostMs) meter.latest = { ms, endedAt };
    return ms;
  }

  function schedule(): void {
    dueAt = clock.monotonic() + tickMs;
    cancel = clock.setTimer(() => {
      cancel = null;
      const lateMs = note();
      if (meters.size > 0) schedule();
      if (lateMs >= STOOD_STILL_MS) onStoodStill();
    }, tickMs);
  }

  return {
    start(timeoutMs) {
      const wantedMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, Math.floor(timeoutMs / TICKS_A_TIMEOUT)));
      if (meters.size === 0) tickMs = wantedMs;
      if (cancel === null || wantedMs < tickMs) {
        if (cancel !== null) note();
        cancel?.();
        tickMs = Math.min(tickMs, wantedMs);
        schedule();
      }
      const meter = { mostMs: Math.min(timeoutMs * VOID_SHARE, STOOD_STILL_MS), latest: null as Stop | null };
      meters.add(meter);
      const latest = (): Stop | null => {
        // The tick itself may be what is late.
        if (meters.has(meter)) note();
        return meter.latest;
      };
      return {
        latest,
        end() {
          const stop = latest();
          meters.delete(meter);
          if (meters.size === 0) {
            cancel?.();
            cancel = null;
          }
          return stop !== null && clock.monotonic() - stop.endedAt < timeoutMs;
        },
      };
    },
    close() {
      cancel?.();
      cancel = null;
      meters.clear();
    },
  };
}
