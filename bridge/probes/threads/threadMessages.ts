/**
 * Declares what the bridge and a thread that asks pods for it say to each other. Each message is a
 * list, because one of them costs as much as ten together.
 */

import type { Endpoint, ProbeResult } from '../probe.ts';

export type Order =
  /** `held`: the id of a connection that this thread holds, for grpc to go over. */
  | {
      readonly kind: 'probe';
      readonly id: number;
      readonly endpoint: Endpoint;
      readonly timeoutMs: number;
      readonly held: number | null;
    }
  /** Its time is over. */
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'hold'; readonly id: number; readonly endpoint: Endpoint }
  | { readonly kind: 'release'; readonly id: number };

export type Word =
  | { readonly kind: 'result'; readonly id: number; readonly result: ProbeResult }
  /** The other end of a held connection is gone. */
  | { readonly kind: 'closed'; readonly id: number };

/** `workerData` of such a thread. */
export const PROBE_THREAD = 'zen-lead probes';

/** Collects what is said within one turn of the event loop, and posts it as one message. */
export function createOutbox<T>(post: (messages: readonly T[]) => void): (message: T) => void {
  let waiting: T[] = [];
  return (message) => {
    waiting.push(message);
    if (waiting.length > 1) return;
    setImmediate(() => {
      const messages = waiting;
      waiting = [];
      post(messages);
    });
  };
}
