/**
 * limitHeapGrowth: keeps the heap of a process that watches close to what is alive in it, once it
 * is large.
 *
 * V8 lets a heap of 100 MB grow to about twice that before it collects, and gives little back.
 * LISTs of a large cluster are nearly all garbage, so the peak of the start stayed for good.
 * Measured at 100,000 pods: a peak of 450 MB without this, and 230 MB with it. The price is a
 * collection more often, which took a seventh of the work of a failover. A small heap, whose
 * growth costs little memory, is left to V8.
 *
 * What the lists and a burst of changes leave is given back (shrinking.ts): V8 is told to favour
 * memory for ten seconds. For longer that would cost half of the processor time again.
 *
 * Guarantees: the limit holds from the start, before the first LIST. V8 reads the flag at the end
 * of each collection, so it also holds for a heap that exists already. An unknown flag changes
 * nothing.
 * Source: https://nodejs.org/docs/latest-v24.x/api/v8.html#v8setflagsfromstringflags ·
 * https://github.com/v8/v8/blob/13.6.233/src/heap/heap-controller.cc
 */

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { createShrinking } from './shrinking.ts';

/** A tenth of what 100,000 pods take is 10 MB of garbage, which comes together in minutes. */
const PERCENT = 10;
/** V8 decides by itself. */
const UNLIMITED = 0;
/**
 * The bundle alone has 40 MB. Some 20,000 pods fit below, and twice as much is still half of what
 * the manifests give.
 */
const LEFT_TO_V8_BYTES = 80e6;
/** A look takes some 10 us. */
const LOOK_EVERY_MS = 1_000;

/** What counts as a small heap, and the growth that it is held to, in percent. */
export interface SmallHeap {
  readonly belowBytes: number;
  readonly percent: number;
}

const leftToV8: SmallHeap = { belowBytes: LEFT_TO_V8_BYTES, percent: UNLIMITED };

/** Returns the growth, in percent, that a heap of so many bytes is held to. 0 leaves it to V8. */
export function growthLimit(usedBytes: number, { belowBytes, percent } = leftToV8): number {
  return usedBytes < belowBytes ? percent : PERCENT;
}

/** Comes before the first LIST. */
export function limitHeapGrowth(): void {
  setGrowth(PERCENT);
}

/**
 * Looks at the heap while the process runs. `hasListed`: whether every list is complete, because
 * until then a small heap may become a large one, and keeps what V8 gave it. `small`: for a process
 * with another bound on its memory.
 */
export function leaveSmallHeapToV8(hasListed: () => boolean, small = leftToV8): void {
  const shrinks = createShrinking();
  let limit = PERCENT;
  let hasBeenListed = false;
  let isShrinking = false;
  let since = performance.eventLoopUtilization();
  const look = setInterval(() => {
    const isListed = hasListed();
    const usedBytes = getHeapStatistics().used_heap_size;
    const wanted = isListed ? growthLimit(usedBytes, small) : PERCENT;
    if (wanted !== limit) setGrowth(wanted);
    limit = wanted;
    // A watch that is lost meanwhile prolongs nothing.
    hasBeenListed ||= isListed;
    if (!hasBeenListed) return;
    const until = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(until, since);
    since = until;
    const isToShrink = shrinks({ usedBytes, residentBytes: process.memoryUsage.rss(), utilization });
    if (isToShrink !== isShrinking) favourMemory(isToShrink);
    isShrinking = isToShrink;
  }, LOOK_EVERY_MS);
  look.unref();
}

/** Of the collections from now on. */
export function favourMemory(isOn: boolean): void {
  setFlagsFromString(isOn ? '--optimize-for-size' : '--no-optimize-for-size');
}

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
