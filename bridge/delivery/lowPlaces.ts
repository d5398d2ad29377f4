/**
 * LowPlaces: how many of the places in flight the low lane may have.
 *
 * Guarantees: half of them at most, because a failover must not wait for announcements to a slow
 * receiver. At least one, so that the low lane goes on however busy the others are.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import type { Concern } from '../queue/concern.ts';

type Placed = Pick<Concern, 'lane' | 'dueAt'>;

interface LowPlaces {
  start(concern: Placed): void;
  end(concern: Placed): void;
  /** True where one more of the low lane may be sent. `limit`: of what may be in flight. */
  isFree(limit: number): boolean;
  close(): void;
}

const SHARE = 0.5;
/**
 * While others are in flight: so many for each of them. An announcement is three calls to the API
 * server, and the routes of a mass failover or of many opt-ins wait for them. As a share of what
 * may be in flight, four announcements ran beside as many routes where changes came as fast as
 * they were dealt with.
 */
const PLACES_FOR_EACH_OTHER = 1 / 16;
/**
 * While others come, the low lane rests after an announcement for so many times as long as that one
 * took. It makes twice the calls of a failover, and failovers that come one after another would
 * each share the API server and the processor with one. A resync makes none, and needs no rest.
 */
const REST = 4;
/** However slow the receiver of announcements is. */
const MAX_REST_MS = 1_000;
/**
 * Others count for so long after the last of them has ended. Between two changes of a mass failover
 * nothing is in flight for a moment, and half of the places would go to announcements in it.
 */
const QUIET_AFTER_MS = 100;

/** `onRoom`: more of the low lane may be sent than a moment ago. */
export function createLowPlaces(clock: Clock, onRoom: () => void): LowPlaces {
  let low = 0;
  let others = 0;
  let isQuiet = true;
  let isClosed = false;
  let cancelTimer: CancelTimer = () => {};
  let lowSince = 0;
  let isResting = false;
  let cancelRest: CancelTimer = () => {};

  function rest(): void {
    isResting = true;
    cancelRest();
    const tookMs = clock.monotonic() - lowSince;
    cancelRest = clock.setTimer(endRest, Math.min(MAX_REST_MS, REST * tookMs));
  }

  function endRest(): void {
    isResting = false;
    onRoom();
  }

  return {
    start({ lane }) {
      if (lane === 'low') {
        low += 1;
        lowSince = clock.monotonic();
      } else {
        others += 1;
        isQuiet = false;
        cancelTimer();
      }
    },
    end({ lane, dueAt }) {
      if (lane === 'low') low -= 1;
      else others -= 1;
      if (isClosed) return;
      if (lane === 'low') {
        if (!isQuiet && dueAt === undefined) rest();
        return;
      }
      if (others > 0) return;
      cancelTimer = clock.setTimer(() => {
        isQuiet = true;
        onRoom();
      }, QUIET_AFTER_MS);
    },
    isFree(limit) {
      if (isQuiet) return low < Math.max(1, limit * SHARE);
      return !isResting && low < Math.max(1, others * PLACES_FOR_EACH_OTHER);
    },
    close() {
      isClosed = true;
      cancelTimer();
      cancelRest();
    },
  };
}
