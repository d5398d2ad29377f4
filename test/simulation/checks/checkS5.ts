/**
 * Checks S5. Each key and bridge have one event in flight. While a function may still work on an
 * event, only the same one is sent again, up to its deadline. No event leaves before every list is
 * complete (S8).
 */

import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';

export interface InFlight {
  /**
   * Returns the problem, and a function to call when the bridge has learned the event's outcome.
   */
  sent(event: ReconcileEvent, now: number): { readonly problem: string | null; readonly onTold: () => void };
}

/** One for each life of a bridge. */
export function createInFlight(bridge: string): InFlight {
  const open = new Set<ReconcileEvent>();
  return {
    sent(event, now) {
      for (const other of open) if (now >= other.data.deadline) open.delete(other);
      const other = [...open].find((each) => each.subject === event.subject && each !== event);
      open.add(event);
      const problem =
        other === undefined
          ? null
          : `${bridge} sent ${event.type} for ${event.subject} while ${other.type} was unanswered, ${other.data.deadline - now} ms before its deadline`;
      return { problem, onTold: () => open.delete(event) };
    },
  };
}
