/**
 * Reports one reconcile: counters, and one log line for each decision (info when something was
 * written, debug when not).
 *
 * Guarantees: reasons are those of the decision; no label holds a pod's name. A Service that is not
 * there or not opted in has no series: an event can name any Service, so such names have no bound.
 */

import { codeOf } from '../../lib/errors.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { type ServiceName, unnamed } from '../../lib/telemetry/serviceSeries.ts';
import { traceIdOf } from '../../lib/telemetry/tracing.ts';
import { countBasis, countDecision, countReconcile, type ReconcileContext } from './countReconcile.ts';
import type { ReconcileResult } from './reconcile.ts';

export interface ReportDeps {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

/** `isFirst`: false for each further election of the same reconcile. */
export function reportReconcile(
  context: ReconcileContext,
  result: ReconcileResult,
  { metrics, log, now }: ReportDeps,
  isFirst = true,
): void {
  const { request, startedAt } = context;
  const { decision, writes, hint, attempts, reply } = result;
  const name = { namespace: request.service.namespace, service: request.service.name };
  // A Service that no longer asks for one of its elections has others.
  const isServed = decision.reason !== 'SourceGone' && decision.reason !== 'OptedOut';
  const [of] = result.elections ?? [];
  const labels = isServed ? name : unnamed;
  const tookMs = now() - startedAt;
  // One reconcile, however many elections it decided.
  if (isFirst) countReconcile(labels, 'success', tookMs, metrics);
  if (isFirst) countBasis(labels, result, metrics);
  countDecision(labels, context, result, metrics, now());
  if (!isServed) metrics.services.drop(name);

  const { kind, reason, leader, previous, epoch } = decision;
  const line = {
    service: `${name.namespace}/${name.service}`,
    ...(of !== undefined && { election: of.election, slot: of.slot }),
    decision: kind,
    reason,
    leader: leader?.name ?? null,
    previous: previous?.name ?? null,
    epoch,
    type: request.type,
    basis: reply.basis,
    ...(hint === null ? {} : { hint }),
    traceId: traceIdOf(request.traceparent),
    writes: writes.length,
    attempts,
    tookMs,
  };
  log[writes.length > 0 ? 'info' : 'debug'](
    line,
    leader === null ? `${kind}: ${reason}` : `${kind} ${leader.name}: ${reason}`,
  );
}

export function reportFailure(
  { request, startedAt }: ReconcileContext,
  error: unknown,
  { metrics, log, now }: ReportDeps,
): void {
  const { namespace, name } = request.service;
  const labels = labelsOfFailed(request, metrics);
  const code = codeOf(error) ?? 'INTERNAL';
  countReconcile(labels, 'error', now() - startedAt, metrics);
  metrics.reconciliationErrors.inc({ ...labels, error_type: code });
  // A caller that has gone has its own line; anything without a code is our own fault.
  const level = code === 'ABORTED' ? 'debug' : code === 'INTERNAL' ? 'error' : 'warn';
  const traceId = traceIdOf(request.traceparent);
  log[level]({ service: `${namespace}/${name}`, type: request.type, code, traceId, err: error }, 'a reconcile failed');
}

/**
 * A reconcile that failed has a name only where the bridge says that the Service is there, or an
 * earlier reconcile found it.
 */
function labelsOfFailed({ service, evidence }: ReconcileContext['request'], metrics: Metrics): ServiceName {
  const name = { namespace: service.namespace, service: service.name };
  const { isTrusted, data } = evidence;
  const hasSource = isTrusted && data.kind === 'readable' && (data.value.snapshot?.source ?? null) !== null;
  return hasSource || metrics.services.has(name) ? name : unnamed;
}
