/**
 * writeStatus: brings the view in `status` up to what was decided, last of all.
 *
 * Guarantees: it is fenced by the flow's resourceVersion and by the record's revision, so that an
 * older view never overwrites a newer one. A conflict is no failure: the next look writes it.
 */

import { codeOf } from '../../lib/errors.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { JsonObject } from '../../lib/flow/spec/flowSpec.ts';
import { type FlowState, flowPhase } from '../../lib/flow/state/flowPhase.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { refusedStatus } from '../../lib/flow/writes/refusedStatus.ts';
import { isStatusBehind, isStatusUrgent, statusIntervalMs, toStatus } from '../../lib/flow/writes/toStatus.ts';
import { jobFlowStatus, type KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { LONGEST_REST_MS, REST, type ViewPace } from './viewPace.ts';

export interface StatusWritten {
  /**
   * When the view was last written, as far as that is known; epoch milliseconds. Later than that,
   * where the API server took long for it.
   */
  readonly writtenAt: number;
  /** When it is due; null where it says all. */
  readonly dueAt: number | null;
}

interface StatusDeps {
  readonly api: KubeApi;
  readonly metrics: Pick<FlowMetrics, 'statusSeconds'>;
  readonly now: () => number;
  readonly views: ViewPace;
}

/** `lastAt`: when it was last written, by the last reply. */
export async function writeStatus(
  flow: FlowView,
  decision: Decision,
  record: FlowRecord | null,
  lastAt: number,
  deps: StatusDeps,
  signal: AbortSignal,
): Promise<StatusWritten> {
  const now = deps.now();
  if (decision.kind === 'refused') {
    const status = refusedStatus(flow, decision, record, now);
    return status === null ? { writtenAt: lastAt, dueAt: null } : patch(flow, status, deps, signal);
  }
  if (record === null || !isStatusBehind(flow, record)) return { writtenAt: lastAt, dueAt: null };
  const state = flowPhase(flow.spec, record);
  const dueAt = lastAt + statusIntervalMs(flow);
  const isUrgent = isStatusUrgent(flow, record, state);
  if (!isUrgent && dueAt > now) return { writtenAt: lastAt, dueAt };
  // The end of the step that has just started would wait behind it.
  const isPatient = !isUrgent || isFirst(flow, record, state);
  if (isPatient && decision.starts.length > 0 && Math.max(dueAt, record.startedAt) + PATIENCE_MS > now)
    return { writtenAt: lastAt, dueAt: now + AGAIN_MS };
  const lastsUntil = lastAt + LONGEST_REST_MS;
  const nextAt = deps.views.nextAt();
  if (!isUrgent && nextAt > now && lastsUntil > now)
    return { writtenAt: lastAt, dueAt: Math.min(lastsUntil, Math.max(nextAt, now + AGAIN_MS)) };
  return patch(flow, toStatus(flow, record, state, now), deps, signal);
}

/** A flow that has changed is looked at again, and soon. */
const AGAIN_MS = 200;
/** Of a flow whose steps follow each other faster than that. */
const PATIENCE_MS = 1_000;

/** The view of a flow that has begun, and of which nothing is to be said but that it runs. */
function isFirst({ status }: FlowView, record: FlowRecord, { phase }: FlowState): boolean {
  const isQuiet = record.steps.every(
    (step) => step.phase !== 'Failed' && step.phase !== 'PendingApproval' && step.reason !== 'Quota',
  );
  return (status === null || status.phase === 'Pending') && phase === 'Running' && isQuiet;
}

async function patch(
  flow: FlowView,
  status: JsonObject,
  { api, now, metrics, views }: StatusDeps,
  signal: AbortSignal,
): Promise<StatusWritten> {
  const { namespace, name, uid, resourceVersion } = flow;
  const startedAt = now();
  try {
    await api.mergePatch(jobFlowStatus, namespace, name, { metadata: { uid, resourceVersion }, status }, signal);
    metrics.statusSeconds.observe(Math.max(0, now() - startedAt) / 1_000);
    const tookMs = now() - startedAt;
    views.note(tookMs, now());
    // Of a large flow, wherever its next pass runs.
    const restMs = Math.min(LONGEST_REST_MS, Math.max(0, tookMs * REST - statusIntervalMs(flow)));
    return { writtenAt: now() + restMs, dueAt: null };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'KUBE_NOT_FOUND') return { writtenAt: now(), dueAt: null };
    if (code !== 'KUBE_CONFLICT') throw error;
    return { writtenAt: 0, dueAt: now() + AGAIN_MS };
  }
}
