/**
 * createHeartbeatWheel: gives each of many connections its turn once in 15 s, a few at a time.
 *
 * Guarantees: an entry waits at most the period for its turn, as exactly as the event loop keeps
 * time. Entries are spread over the period, whenever they came: ten thousand clients that connect
 * at once do not take their turns at once, in the way of a change. It has one timer, and only
 * while it has entries.
 */

export interface HeartbeatWheel {
  /** Calls `beat` once in each period, until the returned function is called. */
  add(entry: Beating): () => void;
}

export interface Beating {
  beat(): void;
}

/** Below the 60 s after which proxies cut a quiet connection. */
export const HEARTBEAT_MS = 15_000;
/** With 10,000 readers, 33 of them take their turn at a time: about a millisecond. */
const TICK_MS = 50;
const SLOTS = HEARTBEAT_MS / TICK_MS;

export function createHeartbeatWheel(now: () => number = () => performance.now()): HeartbeatWheel {
  const slots = Array.from({ length: SLOTS }, () => new Set<Beating>());
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Ticks since the timer began, of which the slots have had their turn. */
  let served = 0;
  let beganAt = 0;

  function slotOf(tick: number): Set<Beating> {
    const slot = slots[tick % SLOTS];
    if (slot === undefined) throw new Error(`the wheel has no slot ${tick}`);
    return slot;
  }

  /** A late tick serves the slots that it is late for; after a long sleep, each slot once. */
  function serve(): void {
    const due = Math.floor((now() - beganAt) / TICK_MS);
    if (due - served > SLOTS) served = due - SLOTS;
    for (; served < due; served += 1) for (const entry of slotOf(served)) entry.beat();
  }

  /** The emptiest; of several, the one whose turn has just been. */
  function choose(): Set<Beating> {
    let best = slotOf(served + SLOTS - 1);
    for (let ahead = SLOTS - 2; ahead >= 0 && best.size > 0; ahead -= 1) {
      const slot = slotOf(served + ahead);
      if (slot.size < best.size) best = slot;
    }
    return best;
  }

  return {
    add(entry) {
      if (timer === undefined) {
        served = 0;
        beganAt = now();
        timer = setInterval(serve, TICK_MS).unref();
      }
      const slot = choose().add(entry);
      size += 1;
      return () => {
        if (!slot.delete(entry)) return;
        size -= 1;
        if (size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
