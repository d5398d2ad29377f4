/**
 * countReconcile: adds one reconcile to the metrics.
 *
 * Guarantees: a decision counts as a failover only when its route was written; no label holds a
 * pod's name.
 */

import { isAboutChange } from '../../lib/events/reconcileEvent.ts';
import { type Decision, endReasons, type Reason } from '../../lib/selection/decision.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { ServiceName } from '../../lib/telemetry/serviceSeries.ts';
import type { ReconcileRequest, ReconcileResult } from './reconcile.ts';

export interface ReconcileContext {
  readonly request: ReconcileRequest;
  readonly observedAt: number | undefined;
  readonly startedAt: number;
}

export function countReconcile(
  labels: ServiceName,
  result: 'success' | 'error',
  tookMs: number,
  metrics: Metrics,
): void {
  metrics.reconciliations.inc({ ...labels, result });
  metrics.reconciliationSeconds.observe({ result }, tookMs / 1000);
}

export function countBasis({ namespace }: ServiceName, { hint }: ReconcileResult, metrics: Metrics): void {
  if (hint === null) metrics.cacheHits.inc({ namespace });
  else metrics.cacheMisses.inc({ namespace });
  if (hint !== null) metrics.hints.inc({ reason: hint });
}

export function countDecision(
  labels: ServiceName,
  context: ReconcileContext,
  result: ReconcileResult,
  metrics: Metrics,
  now: number,
): void {
  const { attempts } = result;
  metrics.selectionAttempts.inc(labels, attempts);
  if (attempts > 1) metrics.retrySuccess.inc({ ...labels, operation: 'write' });
  countLag(context, result, metrics, now);
  countLeader(labels, context, result, metrics, now);
}

function countLeader(
  labels: ServiceName,
  { observedAt }: ReconcileContext,
  { decision, writes, elections }: ReconcileResult,
  metrics: Metrics,
  now: number,
): void {
  const { previous, leader, reason } = decision;
  const election = elections?.[0]?.election ?? '';
  const ofElection = election === '' || labels.service === '' ? labels : { ...labels, election };
  const isSame = previous !== null && previous.uid === leader?.uid;
  if (isSame) metrics.stickyHits.inc(ofElection);
  if (!writes.some((write) => write.stage === 'route')) return;

  for (const port of unresolvedPorts(decision)) metrics.portResolutionFailures.inc({ ...labels, port_name: port });
  if (previous === null || isSame || !isFailover(decision)) return;
  metrics.stickyMisses.inc(ofElection);
  const name = toFailoverReason(reason);
  metrics.failovers.inc({ ...ofElection, reason: name });
  if (observedAt !== undefined) metrics.failoverSeconds.observe({ reason: name }, Math.max(0, now - observedAt) / 1000);
}

/**
 * An event without a sender that is trusted has no `observedAt`; a reconcile that time alone has
 * caused waited on purpose.
 */
function countLag(
  { request, observedAt }: ReconcileContext,
  { decidedAt, writes }: ReconcileResult,
  metrics: Metrics,
  now: number,
): void {
  if (observedAt === undefined || !isAboutChange(request.type)) return;
  const observe = (stage: string, at: number) =>
    metrics.eventLagSeconds.observe({ stage }, Math.max(0, at - observedAt) / 1000);
  observe('decided', decidedAt);
  if (writes.length > 0) observe('written', now);
}

/** Opting out is a user's wish, not a failover. */
function isFailover({ kind, reason }: Decision): boolean {
  return kind === 'elected' || (kind === 'lost' && !endReasons.has(reason));
}

/**
 * Lenient: what the chosen pod lacks. Strict, and no pod chosen: every port that the Service names,
 * because each pod may lack another one.
 */
function unresolvedPorts({ reason, warnings, plan }: Decision): readonly string[] {
  if (reason !== 'PortResolutionFailed')
    return warnings.flatMap(({ reason: warning, value }) => (warning === 'PortResolutionFailed' ? [value] : []));
  return (plan?.service?.ports ?? []).flatMap(({ targetPort }) => (typeof targetPort === 'string' ? [targetPort] : []));
}

/**
 * The Go zen-lead's values where they mean the same, so that dashboards carry over; else our reason
 * in its spelling.
 */
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
