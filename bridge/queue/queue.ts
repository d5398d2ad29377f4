/**
 * Queue: chooses the source to reconcile next. client-go's work queue semantics for each key, in
 * three lanes.
 *
 * A key is in one place: waiting in a lane, delayed after a failure, or in flight. What is added
 * meanwhile merges with what waits. What is added in flight waits until `finish`, so that a key
 * never has two events in flight (S5).
 *
 * Guarantees:
 * - What was added is taken later, at least once (never lost).
 * - Lanes in order, in turns of the namespaces within one (fairOrder.ts); yet a lower lane gets one
 *   turn after `TURNS_BEFORE_LOWER` of the upper ones.
 * - When full (`maxWaiting`), the oldest key of the largest namespace in the lowest lane gives up
 *   its place. If nothing waits lower, the new key does. The queue remembers only the name of that
 *   key, and hands it to `onRoom` once half of the room is free, for the owner to add again. So a
 *   key is either queued or will be.
 * Source: https://pkg.go.dev/k8s.io/client-go/util/workqueue (dirty and processing sets).
 */

import { type Concern, isMoreUrgent, isOfChange, type Lane, lanes, mergeConcerns, type Source } from './concern.ts';
import { createFairOrder } from './fairOrder.ts';

/**
 * Costs a mass failover a sixteenth of its throughput, and lets the low lane move even during one.
 */
const TURNS_BEFORE_LOWER = 15;

interface QueueOptions {
  /**
   * One entry takes some 300 B; the bound is far above the sources of any cluster that we know of.
   */
  readonly maxWaiting: number;
  /** A key waits to be taken. Called in the same tick. */
  onWaiting(): void;
  /** These were left out, longest ago first, and there is room again. */
  onRoom(leftOut: readonly Source[]): void;
}

export interface Queue<C extends Concern = Concern> {
  add(concern: C, now: number): void;
  /**
   * In flight until `finish` or `delay`; undefined when nothing waits. `lowToo` false: leaves the
   * low lane alone.
   */
  take(lowToo?: boolean): C | undefined;
  finish(key: string): void;
  /**
   * After a failure: keeps `concern`, merged with what came since, until `release`. One that yields
   * waits no longer than until a newer change of its key is seen.
   */
  delay(concern: C, isYielding?: boolean): void;
  /**
   * Like `take`, of the delayed ones: the most urgent, and of those the one that has been delayed
   * longest.
   */
  takeDelayed(): C | undefined;
  release(key: string, now: number): void;
  releaseAll(now: number): void;
  depth(): Readonly<Record<Lane, number>>;
  /** When the key that waits longest was added; null when none waits. */
  oldestAddedAt(): number | null;
}

interface Entry<C> {
  readonly concern: C;
  readonly addedAt: number;
}

interface Delayed<C> {
  readonly concern: C;
  readonly isYielding: boolean;
}

export function createQueue<C extends Concern = Concern>({ maxWaiting, onWaiting, onRoom }: QueueOptions): Queue<C> {
  const waiting = new Map<string, Entry<C>>();
  const delayed = new Map<string, Delayed<C>>();
  /** In flight, with what was added since. */
  const inFlight = new Map<string, Entry<C> | null>();
  const order = { failover: createFairOrder(), change: createFairOrder(), low: createFairOrder() };
  let turnsOfUpper = 0;
  const leftOut = new Map<string, Source>();

  function enqueue(concern: C, addedAt: number): void {
    const before = waiting.get(concern.key);
    if (before === undefined && waiting.size >= maxWaiting && !makeRoomFor(concern)) return;
    leftOut.delete(concern.key);
    const merged = before === undefined ? concern : mergeConcerns(before.concern, concern);
    waiting.set(concern.key, { concern: merged, addedAt: before?.addedAt ?? addedAt });
    if (before === undefined || before.concern.lane !== merged.lane) {
      if (before !== undefined) order[before.concern.lane].remove(concern.key, concern.namespace);
      order[merged.lane].append(concern.key, concern.namespace);
    }
    onWaiting();
  }

  function makeRoomFor(concern: C): boolean {
    const lowest = lanes.findLast((each) => order[each].size() > 0);
    const key =
      lowest !== undefined && isMoreUrgent(concern.lane, lowest) ? order[lowest].shiftFromLargest() : undefined;
    const { namespace, name } = (key === undefined ? undefined : waiting.get(key)?.concern) ?? concern;
    if (key !== undefined) waiting.delete(key);
    leftOut.set(key ?? concern.key, { namespace, name });
    return key !== undefined;
  }

  function refill(): void {
    if (leftOut.size === 0 || waiting.size > maxWaiting / 2) return;
    const sources = [...leftOut.values()];
    leftOut.clear();
    onRoom(sources);
  }

  function nextLane(lowToo: boolean): Lane | undefined {
    const [upper, ...lower] = lanes.filter((lane) => order[lane].size() > 0 && (lowToo || lane !== 'low'));
    const [next] = lower;
    if (next === undefined || turnsOfUpper < TURNS_BEFORE_LOWER) {
      turnsOfUpper = next === undefined ? 0 : turnsOfUpper + 1;
      return upper;
    }
    turnsOfUpper = 0;
    return lower.reduce((oldest, lane) => (firstAddedAt(lane) < firstAddedAt(oldest) ? lane : oldest), next);
  }

  function firstAddedAt(lane: Lane): number {
    const key = order[lane].first();
    return (key === undefined ? undefined : waiting.get(key)?.addedAt) ?? Number.POSITIVE_INFINITY;
  }

  function release(key: string, now: number): void {
    const late = delayed.get(key);
    if (late === undefined) return;
    delayed.delete(key);
    enqueue(late.concern, now);
  }

  return {
    add(concern, now) {
      const { key } = concern;
      const since = inFlight.get(key);
      const late = delayed.get(key);
      if (since !== undefined) {
        const merged = since === null ? concern : mergeConcerns(since.concern, concern);
        inFlight.set(key, { concern: merged, addedAt: since?.addedAt ?? now });
      } else if (late !== undefined) {
        delayed.set(key, { ...late, concern: mergeConcerns(late.concern, concern) });
        if (late.isYielding && isOfChange(concern)) release(key, now);
      } else enqueue(concern, now);
    },
    take(lowToo = true) {
      const lane = nextLane(lowToo);
      const key = lane === undefined ? undefined : order[lane].shift();
      const entry = key === undefined ? undefined : waiting.get(key);
      if (key === undefined || entry === undefined) return undefined;
      waiting.delete(key);
      inFlight.set(key, null);
      refill();
      return entry.concern;
    },
    finish(key) {
      const since = inFlight.get(key);
      inFlight.delete(key);
      if (since) enqueue(since.concern, since.addedAt);
    },
    delay(concern, isYielding = false) {
      const { key } = concern;
      const since = inFlight.get(key);
      inFlight.delete(key);
      delayed.set(key, { concern: since ? mergeConcerns(concern, since.concern) : concern, isYielding });
      if (since && isYielding && isOfChange(since.concern)) release(key, since.addedAt);
    },
    takeDelayed() {
      let concern: C | undefined;
      for (const { concern: each } of delayed.values())
        if (concern === undefined || isMoreUrgent(each.lane, concern.lane)) concern = each;
      if (concern === undefined) return undefined;
      delayed.delete(concern.key);
      inFlight.set(concern.key, null);
      return concern;
    },
    release,
    releaseAll(now) {
      for (const key of [...delayed.keys()]) release(key, now);
    },
    depth: () => ({ failover: order.failover.size(), change: order.change.size(), low: order.low.size() }),
    oldestAddedAt() {
      let oldest = Number.POSITIVE_INFINITY;
      for (const lane of lanes)
        for (const key of order[lane].oldest()) oldest = Math.min(oldest, waiting.get(key)?.addedAt ?? oldest);
      return Number.isFinite(oldest) ? oldest : null;
    },
  };
}
