/**
 * decideFlow: decides about one flow, and reads what the decision asks for.
 *
 * Reads take a bounded time. What is known by then is decided on, and the rest is due at once, in
 * the next pass. Without the bound, a pass whose reads outlast its deadline would write nothing,
 * and neither would the next one.
 *
 * Guarantees: where it stops early, the decision changes the flow.
 */

import { advance, type Decision } from '../../lib/flow/engine/advance.ts';
import { lacksTemplate } from '../../lib/flow/events/packSnapshot.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { readFacts } from './readFacts.ts';

export interface DecidedFlow {
  /** With the facts that were read. */
  readonly snapshot: FlowSnapshot;
  readonly decision: Decision;
  /** When it was made. */
  readonly at: number;
  /** Why the state has to be read before; null where it has not. */
  readonly why: 'unseen' | 'template' | null;
}

interface DecideFlowDeps {
  readonly api: KubeApi;
  readonly metrics: Pick<FlowMetrics, 'dagSeconds'>;
  readonly now: () => number;
}

/** Half of the time that an attempt with a snapshot has (DeliveryTuning). */
export const READ_FOR_MS = 500;

/** `until`: when to stop reading, epoch milliseconds. */
export async function decideFlow(
  first: FlowSnapshot,
  until: number,
  { api, metrics, now }: DecideFlowDeps,
  signal: AbortSignal,
): Promise<DecidedFlow> {
  const hasTime = (): boolean => now() < until;
  let snapshot = first;
  for (;;) {
    const at = now();
    const decision = timed(metrics.dagSeconds, () => advance(snapshot, at));
    const why = snapshot.basis === 'watch' ? whyRead(decision, snapshot) : null;
    const { flow } = snapshot;
    if (why !== null || flow === null || decision.reads.length === 0) return { snapshot, decision, at, why };
    if (!hasTime() && decision.record !== null) return { snapshot, decision, at, why };
    const facts = await readFacts(api, flow, decision.reads, snapshot.facts, signal, hasTime);
    snapshot = { ...snapshot, facts };
  }
}

function whyRead({ needsRead, starts }: Decision, { flow }: FlowSnapshot): DecidedFlow['why'] {
  if (needsRead) return 'unseen';
  return lacksTemplate(flow?.spec, starts) ? 'template' : null;
}

function timed<T>(histogram: FlowMetrics['dagSeconds'], run: () => T): T {
  const startedAt = performance.now();
  const result = run();
  histogram.observe((performance.now() - startedAt) / 1_000);
  return result;
}
