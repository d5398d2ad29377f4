/**
 * What one look leaves behind for people: counters, and one log line a decision (info when something was written, debug when not).
 *
 * Guarantees: reasons are those of the decision; no label holds a pod's name.
 */

import { codeOf } from '../lib/errors.ts';
import { isAboutChange } from '../lib/events/look.ts';
import type { Decision, Reason } from '../lib/selection/decision.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { traceIdOf } from '../lib/telemetry/tracing.ts';
import type { LookRequest, LookResult } from './look.ts';

export interface ReportDeps {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

export interface LookContext {
  readonly request: LookRequest;
  readonly observedAt: number | undefined;
  readonly startedAt: number;
}

export function reportLook(context: LookContext, result: LookResult, { metrics, log, now }: ReportDeps): void {
  const { request, startedAt } = context;
  const { decision, writes, hint, attempts, reply } = result;
  const labels = { namespace: request.service.namespace, service: request.service.name };
  const tookMs = now() - startedAt;
  countLook(labels, 'success', tookMs, metrics);
  metrics.selectionAttempts.inc(labels, attempts);
  if (attempts > 1) metrics.retrySuccess.inc({ ...labels, operation: 'write' });
  if (hint !== null) metrics.hints.inc({ reason: hint });
  countLag(context, result, { metrics, now });
  countLeader(labels, context, result, { metrics, now });

  const { kind, reason, leader, previous, epoch } = decision;
  const line = {
    service: `${labels.namespace}/${labels.service}`,
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
  { request, startedAt }: LookContext,
  error: unknown,
  { metrics, log, now }: ReportDeps,
): void {
  const { namespace, name } = request.service;
  const labels = { namespace, service: name };
  const code = codeOf(error) ?? 'INTERNAL';
  countLook(labels, 'error', now() - startedAt, metrics);
  metrics.reconciliationErrors.inc({ ...labels, error_type: code });
  // A caller that has gone has its own line; anything without a code is a fault of ours.
  const level = code === 'ABORTED' ? 'debug' : code === 'INTERNAL' ? 'error' : 'warn';
  const traceId = traceIdOf(request.traceparent);
  log[level]({ service: `${namespace}/${name}`, type: request.type, code, traceId, err: error }, 'a look failed');
}

interface Labels {
  readonly namespace: string;
  readonly service: string;
}

function countLook(labels: Labels, result: 'success' | 'error', tookMs: number, metrics: Metrics): void {
  metrics.reconciliations.inc({ ...labels, result });
  metrics.reconciliationSeconds.observe({ ...labels, result }, tookMs / 1000);
}

function countLeader(
  labels: Labels,
  { observedAt }: LookContext,
  { decision, writes }: LookResult,
  { metrics, now }: Pick<ReportDeps, 'metrics' | 'now'>,
): void {
  const { previous, leader, reason } = decision;
  const isSame = previous !== null && previous.uid === leader?.uid;
  if (isSame) metrics.stickyHits.inc(labels);
  if (!writes.some((write) => write.stage === 'route')) return;

  for (const port of unresolvedPorts(decision)) metrics.portResolutionFailures.inc({ ...labels, port_name: port });
  if (previous === null || isSame || !isFailover(decision)) return;
  metrics.stickyMisses.inc(labels);
  const name = toFailoverReason(reason);
  metrics.failovers.inc({ ...labels, reason: name });
  if (observedAt !== undefined)
    metrics.failoverSeconds.observe({ ...labels, reason: name }, Math.max(0, now() - observedAt) / 1000);
}

/** An event without a sender that is trusted has no `observedAt`; a look that time alone has caused waited on purpose. */
function countLag(
  { request, observedAt }: LookContext,
  { decidedAt, writes }: LookResult,
  { metrics, now }: Pick<ReportDeps, 'metrics' | 'now'>,
): void {
  if (observedAt === undefined || !isAboutChange(request.type)) return;
  const observe = (stage: string, at: number) =>
    metrics.eventLagSeconds.observe({ stage }, Math.max(0, at - observedAt) / 1000);
  observe('decided', decidedAt);
  if (writes.length > 0) observe('written', now());
}

/** Opting out is somebody's wish, not a failover. */
function isFailover({ kind, reason }: Decision): boolean {
  return kind === 'elected' || (kind === 'lost' && reason !== 'OptedOut');
}

/**
 * Lenient: what the chosen pod lacks. Strict, and nobody chosen: every port that the Service names, because each pod may lack another one.
 */
function unresolvedPorts({ reason, warnings, plan }: Decision): readonly string[] {
  if (reason !== 'PortResolutionFailed')
    return warnings.flatMap(({ reason: warning, value }) => (warning === 'PortResolutionFailed' ? [value] : []));
  return (plan?.service?.ports ?? []).flatMap(({ targetPort }) => (typeof targetPort === 'string' ? [targetPort] : []));
}

/** The Go zen-lead's values where they mean the same, so that dashboards carry over; else our reason in its spelling. */
const failoverReasons = new Map<Reason, string>([
  ['LeaderNotReady', 'notReady'],
  ['LeaderTerminating', 'terminating'],
  ['LeaderWithoutAddress', 'noIP'],
  ['NoReadyPods', 'noneReady'],
  ['NoPodsFound', 'noneReady'],
]);

export function toFailoverReason(reason: Reason): string {
  return failoverReasons.get(reason) ?? reason.charAt(0).toLowerCase() + reason.slice(1);
}
