/**
 * createShrinking: says when a process that watches shrinks its heap, by a look each second.
 *
 * The first time comes after the lists, which leave garbage; another one when the process has grown
 * by a fifth since, as it does in a burst of changes. V8's memory reducer would give both back, but
 * takes a process with that much work behind it for a busy one, and keeps 60 MB for good.
 *
 * Guarantees: no heap shrinks while there is work, such as a mass failover, because each change
 * costs half as much again meanwhile. It shrinks for ten looks, and then rests for a minute.
 * Does not guarantee that there is anything to give back.
 * Source: https://github.com/v8/v8/blob/13.6.233/src/heap/memory-reducer.cc
 */

/** What one look sees. */
export interface Look {
  /** Of the heap. A smaller one has little to give back. */
  readonly usedBytes: number;
  /** Of the whole process. */
  readonly residentBytes: number;
  /** Of the time since the last look, 0 to 1: how much of it the event loop was busy. */
  readonly utilization: number;
}

const ABOVE_BYTES = 50e6;
const GROWTH = 1.2;
const BUSY_FROM = 0.5;
/** In looks. The burst of first events comes before. */
const FIRST_AT = 5;
/** In looks: longer than the memory reducer waits, 8 s (--gc-memory-reducer-start-delay-ms). */
const LASTS = 10;
/** In looks. */
const RESTS = 60;

/** Takes every look, the first of them when every list is complete: whether the heap shrinks. */
export function createShrinking(): (look: Look) => boolean {
  let looks = 0;
  let isShrinking = false;
  let nextAt = FIRST_AT;
  /** Of the process, when its heap had last shrunk. */
  let settledBytes = 0;
  return ({ usedBytes, residentBytes, utilization }) => {
    looks += 1;
    if (utilization >= BUSY_FROM) isShrinking = false;
    else if (looks < nextAt) return isShrinking;
    else if (isShrinking) {
      isShrinking = false;
      settledBytes = residentBytes;
      nextAt = looks + RESTS;
    } else if (usedBytes >= ABOVE_BYTES && residentBytes > settledBytes * GROWTH) {
      isShrinking = true;
      nextAt = looks + LASTS;
    }
    return isShrinking;
  };
}
