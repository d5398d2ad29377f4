/**
 * Keeps the newest observations of each Service while hints about it are read.
 *
 * One read serves all hints that wait for it (coalesce.ts), and runs for the first of them. What a
 * later one saw must count in that read all the same.
 *
 * Guarantees: only observations of a trusted sender, only until the deadline of their event; the
 * latest deadline wins. Nothing is kept of a Service that no hint waits for.
 */

import type { ReadData } from '../../lib/events/parseReconcileEvent.ts';
import type { Observations } from '../../lib/selection/observation.ts';
import type { Evidence } from './whyHint.ts';

interface Sent {
  readonly observations: Observations;
  /** Epoch milliseconds. */
  readonly deadline: number;
}

interface Held {
  sent: Sent | null;
  waiters: number;
}

export interface Observed {
  /** Until the returned function is called, once. */
  hold(key: string, evidence: Evidence): () => void;
  /** `now`: epoch milliseconds. */
  newest(key: string, now: number): Observations | undefined;
}

export function createObserved(): Observed {
  const held = new Map<string, Held>();
  return {
    hold(key, evidence) {
      const entry = held.get(key) ?? { sent: null, waiters: 0 };
      held.set(key, entry);
      entry.waiters += 1;
      const sent = sentIn(evidence);
      if (sent !== null && sent.deadline >= (entry.sent?.deadline ?? 0)) entry.sent = sent;
      return () => {
        if (--entry.waiters === 0) held.delete(key);
      };
    },
    newest: (key, now) => inTime(held.get(key)?.sent ?? null, now),
  };
}

/** Of one event, for its own reconcile. `now`: epoch milliseconds. */
export function observationsIn(evidence: Evidence, now: number): Observations | undefined {
  return inTime(sentIn(evidence), now);
}

function sentIn({ isTrusted, data }: { readonly isTrusted: boolean; readonly data: ReadData }): Sent | null {
  if (!isTrusted || data.kind !== 'readable' || data.value.observations === undefined) return null;
  const { observations, deadline } = data.value;
  return { observations, deadline };
}

function inTime(sent: Sent | null, now: number): Observations | undefined {
  return sent !== null && now < sent.deadline ? sent.observations : undefined;
}
