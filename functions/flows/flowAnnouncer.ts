/**
 * createFlowAnnouncer: sends what the record of a flow owes to EVENTS_SINK, in its order.
 *
 * Guarantees: it never rejects. A sink that does not answer costs one flow SINK_BUDGET_MS, and then
 * no flow waits for it until the pause is over.
 */

import type { Owed } from '../../lib/flow/announce/outbox.ts';
import { type FlowAnnouncement, toFlowAnnouncement } from '../../lib/flow/events/toFlowAnnouncement.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { createEventsSink, type EventsSink, type EventsSinkOptions } from '../announce/eventsSink.ts';

export interface Announced {
  /** So many of the first ones were taken. */
  readonly count: number;
  /** When the rest may be tried; null where it may be at once, or nothing is left. */
  readonly retryAt: number | null;
}

export interface FlowAnnouncer {
  announce(flow: FlowView, owed: readonly Owed[], signal: AbortSignal): Promise<Announced>;
  /** Tells people that entries were given up. */
  drop(flow: FlowView, count: number): void;
}

/** Where others are told; `eventsSink` is a URL, and undefined where Kubernetes alone is told. */
export interface FlowAnnouncing {
  readonly eventsSink?: string | undefined;
  readonly eventsSinkOptions?: EventsSinkOptions | undefined;
}

type Shared = Omit<FlowAnnouncerOptions, 'eventsSink'>;

export function openFlowAnnouncer(
  { eventsSink: url, eventsSinkOptions }: FlowAnnouncing,
  shared: Shared,
): FlowAnnouncer | undefined {
  if (url === undefined) return undefined;
  return createFlowAnnouncer({ ...shared, eventsSink: createEventsSink<FlowAnnouncement>(url, eventsSinkOptions) });
}

export interface FlowAnnouncerOptions {
  readonly eventsSink: EventsSink<FlowAnnouncement>;
  readonly clusterName: string;
  readonly metrics: Pick<FlowMetrics, 'announcements'>;
  readonly log: Logger;
  readonly now: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeoutSignal?: (timeoutMs: number) => AbortSignal;
}

/** Of one pass. The next change of the flow waits behind it. */
const SINK_BUDGET_MS = 500;
/** After a failure. It doubles, up to the resync, as long as nothing gets through. */
const PAUSE = { minMs: 1_000, maxMs: 30_000 };

export function createFlowAnnouncer(options: FlowAnnouncerOptions): FlowAnnouncer {
  const { eventsSink, clusterName, metrics, log, now, timeoutSignal = AbortSignal.timeout } = options;
  let pauseMs = 0;
  let closedUntil = 0;
  /** After a failure one flow tries, and the others wait for how it ends. */
  let isTrying = false;

  async function announce(flow: FlowView, owed: readonly Owed[], signal: AbortSignal): Promise<Announced> {
    const hasFailed = pauseMs > 0;
    if (now() < closedUntil) return { count: 0, retryAt: closedUntil };
    if (hasFailed && isTrying) return { count: 0, retryAt: now() + PAUSE.minMs };
    isTrying = true;
    const inTime = timeoutSignal(SINK_BUDGET_MS);
    let count = 0;
    try {
      for (const entry of owed) {
        if (count > 0 && inTime.aborted) break;
        await eventsSink(toFlowAnnouncement(flow, entry, clusterName), AbortSignal.any([signal, inTime]));
        count += 1;
        pauseMs = 0;
        metrics.announcements.inc({ result: 'sent' });
      }
      return { count, retryAt: null };
    } catch (error) {
      // Much is left, and the sink answers: the next pass goes on.
      if (signal.aborted || (count > 0 && inTime.aborted)) return { count, retryAt: null };
      metrics.announcements.inc({ result: 'failed' });
      pauseMs = Math.min(PAUSE.maxMs, Math.max(PAUSE.minMs, pauseMs * 2));
      closedUntil = now() + pauseMs;
      log.warn({ flow: `${flow.namespace}/${flow.name}`, err: error, pauseMs }, 'an announcement did not get through');
      return { count, retryAt: closedUntil };
    } finally {
      isTrying = false;
    }
  }

  return {
    announce,
    drop(flow, count) {
      metrics.announcements.inc({ result: 'dropped' }, count);
      log.warn({ flow: `${flow.namespace}/${flow.name}`, count }, 'announcements were given up: too many wait');
    },
  };
}
