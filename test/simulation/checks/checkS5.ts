/**
 * Checks S5. Each key and bridge have one event in flight. While a function may still work on an
 * event, only the same one is sent again, up to its deadline. No event leaves before every list is
 * complete (S8).
 */

import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';

export interface InFlight {
  /**
   * Returns the problem, and a function to call when the bridge has learned the event's outcome.
   * `wallClock`: of the bridge. It may be set while the event is open, and the deadline with it.
   */
  sent(
    event: ReconcileEvent,
    now: number,
    wallClock: number,
  ): { readonly problem: string | null; readonly onTold: () => void };
}

/** One for each life of a bridge. */
export function createInFlight(bridge: string): InFlight {
  /** Until when a function may work on it, by the true time. */
  const open = new Map<ReconcileEvent, number>();
  return {
    sent(event, now, wallClock) {
      // A clock that is set ahead could also be that of a machine that slept.
      for (const [other, until] of open) if (now >= until || wallClock >= other.data.deadline) open.delete(other);
      const other = [...open].find(([each]) => each.subject === event.subject && each !== event);
      open.set(event, open.get(event) ?? now + event.data.deadline - wallClock);
      const problem =
        other === undefined
          ? null
          : `${bridge} sent ${event.type} for ${event.subject} while ${other[0].type} was unanswered, ${other[1] - now} ms before its deadline`;
      return { problem, onTold: () => open.delete(event) };
    },
  };
}
