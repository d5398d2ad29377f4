/**
 * Network: decides what happens to a message on its way. Most take a few milliseconds. Some are
 * slow or lost, or meet a link that is cut.
 *
 * Guarantees: bounded delays (`MAX_WRITE_DELAY_MS` for requests to the API server,
 * `MAX_EVENT_DELAY_MS` for events), because a check that allows for any delay could not fail.
 */

import type { Random } from './random.ts';

export interface Conditions {
  /** Of messages, in [0, 1]. */
  readonly lossRate: number;
  readonly slowRate: number;
  /** Of requests to the API server: 429 and 503. */
  readonly errorRate: number;
  /** Of events: delivered a second time, perhaps much later. */
  readonly doubleRate: number;
}

/** Those of a troubled run. */
export function drawConditions(random: Random): Conditions {
  return {
    lossRate: random.chance(0.5) ? random.between(0, 0.1) : 0,
    slowRate: random.chance(0.7) ? random.between(0, 0.3) : 0,
    errorRate: random.chance(0.3) ? 0.05 : 0,
    doubleRate: random.chance(0.5) ? 0.2 : 0,
  };
}

export const perfectConditions: Conditions = { lossRate: 0, slowRate: 0, errorRate: 0, doubleRate: 0 };

const MAX_USUAL_DELAY_MS = 4;
/** How long a request may be on its way to the API server. */
export const MAX_WRITE_DELAY_MS = 4_000;
/** How long a proxy or a queue may hold back an event on its way to a function. */
export const MAX_EVENT_DELAY_MS = 45_000;

export interface Network {
  conditions(): Conditions;
  setConditions(conditions: Conditions): void;
  /** The delay of one message. Null when it is lost. */
  delayMs(from: string, to: string, maxDelayMs: number): number | null;
  happens(rate: number): boolean;
  cut(a: string, b: string, untilAt: number): void;
  isCut(a: string, b: string): boolean;
  /** The end of the last cut of this link, also in the future; -Infinity where there was none. */
  lastCutAt(a: string, b: string): number;
  /** Since when it is cut without a break; Infinity while it works. */
  cutSince(a: string, b: string): number;
  /** A message is on its way that takes longer than messages do where all is well. */
  isHoldingBack(): boolean;
  /** It is on its way for so long, outside what `delayMs` gives. */
  holdBack(forMs: number): void;
  /** When the link works again, and TCP's retransmissions arrive. `now` while it works. */
  connectedAt(a: string, b: string): number;
  /** Ends every cut now. `lastCutAt` still tells when that was. */
  healAll(): void;
}

export function createNetwork(random: Random, now: () => number): Network {
  const cuts = new Map<string, number>();
  const cutsSince = new Map<string, number>();
  let conditions = perfectConditions;
  let lastArrivalAt = Number.NEGATIVE_INFINITY;
  const link = (a: string, b: string): string => (a < b ? `${a}|${b}` : `${b}|${a}`);
  const connectedAt = (a: string, b: string): number =>
    cuts.size === 0 ? now() : Math.max(now(), cuts.get(link(a, b)) ?? 0);
  const isCut = (a: string, b: string): boolean => connectedAt(a, b) > now();

  function chooseDelay(heldMs: number, maxDelayMs: number): number | null {
    // What is sent into a cut link is lost, or retransmitted when the link works again.
    if (heldMs > 0) return heldMs > maxDelayMs || random.chance(0.5) ? null : heldMs + random.between(0, 200);
    if (random.chance(conditions.lossRate)) return null;
    return random.chance(conditions.slowRate) ? random.between(5, maxDelayMs) : random.between(0.2, MAX_USUAL_DELAY_MS);
  }
  function holdBack(forMs: number): void {
    lastArrivalAt = Math.max(lastArrivalAt, now() + forMs);
  }

  return {
    conditions: () => conditions,
    setConditions(next) {
      conditions = next;
    },
    delayMs(from, to, maxDelayMs) {
      const delayMs = chooseDelay(connectedAt(from, to) - now(), maxDelayMs);
      if (delayMs !== null) holdBack(delayMs);
      return delayMs;
    },
    isHoldingBack: () => lastArrivalAt > now() + MAX_USUAL_DELAY_MS,
    holdBack,
    happens: (rate) => random.chance(rate),
    cut(a, b, untilAt) {
      if (!isCut(a, b)) cutsSince.set(link(a, b), now());
      cuts.set(link(a, b), untilAt);
    },
    isCut,
    cutSince: (a, b) => (isCut(a, b) ? (cutsSince.get(link(a, b)) ?? now()) : Number.POSITIVE_INFINITY),
    lastCutAt: (a, b) => cuts.get(link(a, b)) ?? Number.NEGATIVE_INFINITY,
    connectedAt,
    healAll() {
      for (const [each, untilAt] of cuts) cuts.set(each, Math.min(untilAt, now()));
    },
  };
}
