/**
 * LowPlaces: how many of the places in flight the low lane may have.
 *
 * Guarantees: half of them at most, because a failover must not wait for announcements to a slow
 * receiver. At least one, so that the low lane goes on however busy the others are.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import type { Lane } from '../queue/concern.ts';

interface LowPlaces {
  start(lane: Lane): void;
  end(lane: Lane): void;
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
 * Others count for so long after the last of them has ended. Between two changes of a mass failover
 * nothing is in flight for a moment, and half of the places would go to announcements in it.
 */
const QUIET_AFTER_MS = 100;

/** `onQuiet`: more of the low lane may be sent than a moment ago. */
export function createLowPlaces(clock: Clock, onQuiet: () => void): LowPlaces {
  let low = 0;
  let others = 0;
  let isQuiet = true;
  let isClosed = false;
  let cancelTimer: CancelTimer = () => {};

  return {
    start(lane) {
      if (lane === 'low') low += 1;
      else {
        others += 1;
        isQuiet = false;
        cancelTimer();
      }
    },
    end(lane) {
      if (lane === 'low') low -= 1;
      else others -= 1;
      if (lane === 'low' || others > 0 || isClosed) return;
      cancelTimer = clock.setTimer(() => {
        isQuiet = true;
        onQuiet();
      }, QUIET_AFTER_MS);
    },
    isFree: (limit) => low < Math.max(1, isQuiet ? limit * SHARE : others * PLACES_FOR_EACH_OTHER),
    close() {
      isClosed = true;
      cancelTimer();
    },
  };
}
