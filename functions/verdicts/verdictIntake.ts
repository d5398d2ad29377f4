/**
 * createVerdictIntake: takes the report of a caller from outside, records it, and has the Service
 * reconciled, so that a reported leader is left before the answer.
 *
 *   token -> budget -> right (SubjectAccessReview) -> read -> record -> reconcile
 *
 * Guarantees: nothing about a Service is told to a caller without the right. The record is written
 * on the state that was read (S3), and read again after a conflict, at most three times. The
 * reconcile takes nothing of the report: it finds the verdict in the record, as every other one.
 */

import { inputError, ZenLeadError } from '../../lib/errors.ts';
import type { ReplyEvent } from '../../lib/events/reply.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { VERDICT_TYPE } from '../../lib/events/verdictEvent.ts';
import { isAllowedBy, type ReviewedUser, toAccessSpec } from '../../lib/kube/accessReview.ts';
import { type KubeApi, subjectAccessReviews } from '../../lib/kube/kubeApi.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import { type PodReport, planVerdict } from '../../lib/selection/planVerdict.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { readService } from '../reconcile/readService.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { createReportBudget } from './reportBudget.ts';

export interface VerdictIntake {
  /** `authorization`: the header. Resolves to what was decided with the verdict in place. */
  report(authorization: string | undefined, about: Report, signal: AbortSignal): Promise<ReplyEvent>;
}

export interface Report {
  /** Of the event, for the log. */
  readonly id: string;
  readonly service: ServiceRef;
  readonly report: PodReport;
}

export interface VerdictIntakeDeps {
  readonly api: KubeApi;
  readonly reconciler: Reconciler;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Rejects with UNAUTHENTICATED or WRONG_SENDER. */
  identify(authorization: string | undefined): Promise<ReviewedUser>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from any start, never set back. */
  readonly monotonicNow: () => number;
}

const MAX_REREADS = 3;
const noData = { kind: 'unreadable', problem: 'a verdict' } as const;

export function createVerdictIntake(deps: VerdictIntakeDeps): VerdictIntake {
  const { api, reconciler, metrics, log, now } = deps;
  const budget = createReportBudget(deps.monotonicNow);

  async function requireRight(user: ReviewedUser, { namespace, name }: ServiceRef, signal: AbortSignal): Promise<void> {
    const spec = toAccessSpec(user, { verb: 'report', resource: 'verdicts', namespace, name });
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    if (isAllowedBy(await api.create(subjectAccessReviews, undefined, review, signal))) return;
    const message = `authorization: ${user.name} may not report verdicts of zen-lead.io on ${namespace}/${name}`;
    throw new ZenLeadError('REPORT_REFUSED', message, { retry: 'never' });
  }

  return {
    async report(authorization, { id, service, report }, signal) {
      const user = await deps.identify(authorization);
      const waitMs = budget.take(user.name);
      if (waitMs !== null)
        throw new ZenLeadError('BUSY', `${user.name} reports too often`, { retry: 'later', retryAfterMs: waitMs });
      await requireRight(user, service, signal);
      const isRecorded = await record(service, report, user.name, signal);
      const { namespace, name } = service;
      if (isRecorded) {
        const verdict = report.fit ? 'fit' : 'unfit';
        metrics.verdictsRecorded.inc({ namespace, service: name, verdict });
        const { pod, forSeconds, reason } = report;
        log.info({ namespace, service: name, pod, verdict, forSeconds, reason, by: user.name }, 'recorded a verdict');
      }
      const event = { kind: 'reconcile', id, type: VERDICT_TYPE, source: user.name, subject: service } as const;
      return reconciler.reconcile({ ...event, data: noData }, false, signal);
    },
  };

  /** False where there was nothing to write. */
  async function record(service: ServiceRef, report: PodReport, by: string, signal: AbortSignal): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const { snapshot } = await readService(api, service, now, signal);
      const plan = planVerdict(snapshot, report, by, now());
      if (plan.kind === 'refused') throw inputError(plan.path, plan.problem);
      if (plan.kind === 'tooEarly') throw tooEarly(service);
      if (plan.kind === 'nothing') return false;
      try {
        await applyWrite(api, plan.write, signal);
        return true;
      } catch (error) {
        const isStale = error instanceof ZenLeadError && error.retry === 'now';
        if (!isStale || attempt > MAX_REREADS) throw error;
      }
    }
  }
}

function tooEarly({ namespace, name }: ServiceRef): ZenLeadError {
  const message = `report on ${namespace}/${name}: no leader was ever recorded there, nothing can be noted yet`;
  return new ZenLeadError('KUBE_CONFLICT', message, { retry: 'later' });
}
