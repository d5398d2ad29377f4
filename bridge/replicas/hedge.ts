/**
 * createHedge: decides what a replica that does not hold the Lease does with a concern.
 * docs/architecture.md#replicas
 *
 * It leaves to the holder what its own rules would not change. What they would change waits:
 * usually the holder settles it within milliseconds. Where no replica has settled anything for
 * `delayMs`, or one key has waited for `MAX_WAIT_MS`, a hint goes out. The function then reads the
 * state itself. Oldest first, `maxInFlight` at a time, because hints are reads.
 * Progress elsewhere means that the holder lives and is busy, and a mass failover must not bring a
 * second load upon the API server.
 *
 * Guarantees: losing the holder costs the hedge delay, for every key that still has to change.
 * Where a hint changes nothing that this replica can see, the next one that wants the same comes
 * later and later, at most `REST.maxMs` apart. The function may know better. What is wanted for
 * another reason does not wait for that.
 * Does not guarantee that no other replica hints too. A second hint finds nothing left to do.
 */

import { backoffMs } from '../backoff.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import { type Concern, mergeConcerns } from '../queue/concern.ts';

/**
 * As long as a snapshot lives: what the holder has not settled by then, it decides on something
 * newer.
 */
export const MAX_WAIT_MS = 3_000;

export interface HedgeTuning {
  /** 40 times what a failover takes on a quiet cluster, and less than a user notices. */
  readonly delayMs: number;
  /** Hints, of three LISTs each; a third of what delivery would allow. */
  readonly maxInFlight: number;
}

export const defaultHedgeTuning: HedgeTuning = { delayMs: 200, maxInFlight: 20 };

/**
 * After a hint, for the watch to show what it did. A minute: a function of another version may
 * disagree with our rules for good.
 */
const REST = { minMs: 500, maxMs: 60_000 };

/** What our own rules would do about one source, going by what our watches have delivered. */
export interface Wish {
  /** Something would change that cannot wait for the replica that sends first. */
  readonly wantsChange: boolean;
  /** Differs where another change is wanted, or for another reason. Absent where that never is. */
  readonly change?: string;
  /** Epoch milliseconds: when time alone may change the answer; null where it cannot. */
  readonly nextAt: number | null;
}

export interface HedgeOptions<C> {
  readonly hedging?: HedgeTuning | undefined;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Pure. */
  wish(concern: C): Wish;
  /** Ask again then: a wish may come with time alone. */
  recheckAt(concern: C, at: number | null): void;
  /** What it saw may be what another replica's events have done. */
  isProgress(concern: C): boolean;
  /** As a hint. */
  send(concern: C): void;
}

interface Hedge<C> {
  /**
   * Whether this is one of our hints, due and still wanted: the holder may have come back
   * while it waited for a place.
   */
  isDue(concern: C): boolean;
  /** Leaves it to the replica that sends first, and hints at it where nothing comes of that. */
  note(concern: C): void;
  /** The hint was answered or given up. */
  finish(key: string): void;
  /** Forgets all of it: this replica sends first now, or ends. */
  clear(): void;
}

interface Wanted<C> {
  readonly concern: C;
  readonly change: string | undefined;
}

interface Waiting<C> extends Wanted<C> {
  readonly since: number;
}

interface Resting<C> extends Wanted<C> {
  readonly cancel: CancelTimer;
}

export function createHedge<C extends Concern>(options: HedgeOptions<C>): Hedge<C> {
  const { clock, random, wish, isProgress, send, hedging = defaultHedgeTuning } = options;
  /** In the order of `since`, which is the order in which they are due. */
  const waiting = new Map<string, Waiting<C>>();
  const sending = new Map<string, Wanted<C>>();
  const resting = new Map<string, Resting<C>>();
  /** Hints in a row for a key that still wants the same change. */
  const hints = new Map<string, number>();
  let progressAt = Number.NEGATIVE_INFINITY;
  let cancelTimer: CancelTimer = () => {};

  function note(concern: C): void {
    const { wantsChange, change, nextAt } = wish(concern);
    options.recheckAt(concern, nextAt);
    if (wantsChange) wait(concern, change);
    else forget(concern);
    pump();
  }

  function wait(concern: C, change: string | undefined): void {
    const { key } = concern;
    const rest = resting.get(key);
    const before = waiting.get(key);
    if (rest?.change === change && rest !== undefined) {
      resting.set(key, { ...rest, concern: mergeConcerns(rest.concern, concern) });
      return;
    }
    if (rest !== undefined) {
      rest.cancel();
      resting.delete(key);
      hints.delete(key);
    }
    const merged = before === undefined ? concern : mergeConcerns(before.concern, concern);
    waiting.set(key, { concern: merged, change, since: before?.since ?? clock.monotonic() });
  }

  /** Progress is what changed on our own objects and was not asked for by our hints. */
  function forget(concern: C): void {
    const { key } = concern;
    // In this order: a hint that has not gone out yet counts as waiting.
    const wasWanted = waiting.delete(key) || sending.delete(key);
    const isByOthers = wasWanted && !hints.has(key);
    if (isByOthers && isProgress(concern)) progressAt = clock.monotonic();
    resting.get(key)?.cancel();
    resting.delete(key);
    hints.delete(key);
  }

  function dueAt({ since }: Waiting<C>): number {
    return Math.min(Math.max(since, progressAt) + hedging.delayMs, since + MAX_WAIT_MS);
  }

  function pump(): void {
    cancelTimer();
    for (const [key, each] of waiting) {
      if (sending.size >= hedging.maxInFlight) return;
      const untilDueMs = dueAt(each) - clock.monotonic();
      if (untilDueMs > 0) {
        cancelTimer();
        cancelTimer = clock.setTimer(pump, untilDueMs);
        return;
      }
      waiting.delete(key);
      sending.set(key, each);
      send(each.concern);
    }
  }

  function endRest(key: string): void {
    const rest = resting.get(key);
    resting.delete(key);
    if (rest !== undefined) note(rest.concern);
  }

  return {
    isDue: (concern) => sending.has(concern.key) && wish(concern).wantsChange,
    note,
    finish(key) {
      const hint = sending.get(key);
      if (!sending.delete(key) || hint === undefined) return;
      const count = (hints.get(key) ?? 0) + 1;
      hints.set(key, count);
      const cancel = clock.setTimer(() => endRest(key), backoffMs(count, REST, random()));
      resting.set(key, { ...hint, cancel });
      pump();
    },
    clear() {
      cancelTimer();
      for (const { cancel } of resting.values()) cancel();
      for (const each of [waiting, sending, resting, hints]) each.clear();
    },
  };
}
