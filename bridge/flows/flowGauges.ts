/**
 * registerFlowGauges: reports what the bridge knows about flows, when it is scraped.
 *
 * Guarantees: nothing is computed between scrapes. Only the replica that sends first reports: else
 * every number would be there as often as there are replicas. Flows beyond the limit share one
 * series with an empty label, which holds their sum.
 */

import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import type { FlowRecord, StepRecord } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import type { Clock } from '../clock.ts';
import { onScrape } from '../gauges.ts';
import type { FlowStore } from './flowStore.ts';

interface Reporter {
  isFirst(): boolean;
  isSynced(namespace: string): boolean;
}

interface Seen {
  readonly flow: FlowView;
  readonly record: FlowRecord | null;
  readonly phase: string;
}

export function registerFlowGauges(
  metrics: FlowMetrics,
  store: Pick<FlowStore, 'views'>,
  clock: Clock,
  { isFirst, isSynced }: Reporter,
): void {
  const { labels } = metrics;
  const flows = (): readonly Seen[] =>
    isFirst() ? [...store.views()].filter(({ flow }) => isSynced(flow.namespace)).map(toSeen) : [];
  const secondsSince = (at: number): number => Math.max(0, clock.now() - at) / 1_000;
  const stepsOf = (keep: (step: StepRecord) => boolean): readonly (readonly [string, StepRecord])[] =>
    flows().flatMap(({ flow, record }) =>
      (record?.steps ?? []).filter(keep).map((step) => [labels.flow(flow.name), step] as const),
    );

  onScrape(metrics.jobFlows, () => {
    for (const { flow, phase } of flows()) metrics.jobFlows.inc({ phase, namespace: labels.namespace(flow.namespace) });
  });
  onScrape(metrics.oldestSeconds, () => {
    const oldest = new Map<string, number>();
    for (const { flow, phase } of flows())
      oldest.set(phase, Math.max(oldest.get(phase) ?? 0, secondsSince(flow.createdAt)));
    for (const [phase, seconds] of oldest) metrics.oldestSeconds.set({ phase }, seconds);
  });
  onScrape(metrics.steps, () => {
    for (const [flow, { phase }] of stepsOf(() => true)) metrics.steps.inc({ flow, phase });
  });
  onScrape(metrics.approvalsPending, () => {
    for (const [flow] of stepsOf(isAsked)) metrics.approvalsPending.inc({ flow });
  });
  onScrape(metrics.approvalOldestSeconds, () => {
    const waits = stepsOf(isAsked).map(([, { startedAt }]) => (startedAt === null ? 0 : secondsSince(startedAt)));
    metrics.approvalOldestSeconds.set(Math.max(0, ...waits));
  });
  onScrape(metrics.stepsWaiting, () => {
    for (const [, { phase, reason }] of stepsOf(() => true))
      if (phase === 'Pending' && reason !== null) metrics.stepsWaiting.inc({ reason });
    for (const { flow, record } of flows())
      for (const reason of reasonsOfRunning(flow, record)) metrics.stepsWaiting.inc({ reason });
  });
  onScrape(metrics.queueDepth, () => {
    for (const [flow] of stepsOf(isQueued)) metrics.queueDepth.inc({ flow });
  });
}

function toSeen({ flow, record }: { readonly flow: FlowView; readonly record: FlowRecord | null }): Seen {
  const phase = record === null ? (flow.status?.phase ?? 'Pending') : flowPhase(flow.spec, record).phase;
  return { flow, record, phase };
}

/** The view alone says why a step that runs has no Job yet. */
function reasonsOfRunning({ status }: FlowView, record: FlowRecord | null): readonly string[] {
  const running = new Set(record?.steps.filter(({ phase }) => phase === 'Running').map(({ name }) => name));
  return (status?.steps ?? []).flatMap(({ name, phase, reason }) =>
    phase === 'Running' && reason !== null && running.has(name) ? [reason] : [],
  );
}

function isAsked({ phase }: StepRecord): boolean {
  return phase === 'PendingApproval';
}

function isQueued({ phase, reason }: StepRecord): boolean {
  return phase === 'Pending' && reason !== null && reason !== 'Dependencies';
}
