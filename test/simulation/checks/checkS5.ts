/**
 * Checks S5. Each key and bridge have one event in flight. While a function may still work on an
 * event, only the same one is sent again, up to its deadline. No event leaves before every list is
 * complete (S8).
 */

import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';

export interface InFlight {
  /**
   * Returns the problem, and a function to call when the bridge has learned the event's outcome.
   * `wallClock` and `elapsed` are clocks of the bridge. The wall clock may be set while the event
   * is open, and the deadline with it.
   */
  sent(
    event: ReconcileEvent,
    wallClock: number,
    elapsed: number,
  ): { readonly problem: string | null; readonly onTold: () => void };
}

/** One for each life of a bridge. */
export function createInFlight(bridge: string): InFlight {
  /** Until when a function may work on it, by `elapsed`. */
  const open = new Map<ReconcileEvent, number>();
  return {
    sent(event, wallClock, elapsed) {
      for (const [other, until] of open) if (elapsed >= until) open.delete(other);
      const other = [...open].find(([each]) => each.subject === event.subject && each !== event);
      open.set(event, open.get(event) ?? elapsed + event.data.deadline - wallClock);
      const problem =
        other === undefined
          ? null
          : `${bridge} sent ${event.type} for ${event.subject} while ${other[0].type} was unanswered, ${other[1] - elapsed} ms before its deadline`;
      return { problem, onTold: () => open.delete(event) };
    },
  };
}
