/**
 * Runs the functions in the process of the bridge, as the sink of `zen-lead run`. The event is our
 * own, so it is trusted and readable. Nothing is serialised on the path of a failover.
 */

import { codeOf, ZenLeadError } from '../lib/errors.ts';
import type { ParsedReconcileEvent } from '../lib/events/parseReconcileEvent.ts';
import type { ReconcileEvent } from '../lib/events/reconcileEvent.ts';
import { parseRfc3339 } from '../lib/events/rfc3339.ts';
import type { Sink } from '../lib/events/sink.ts';
import { parseSubject } from '../lib/events/subject.ts';
import { toAnswer } from './answer.ts';
import { dispatch } from './dispatch.ts';
import { createFunctionReconciler, type FunctionDeps } from './functionDeps.ts';
import type { Reconciler } from './reconcile/reconciler.ts';

export function createInProcessSink(deps: FunctionDeps): Sink {
  return createReconcilerSink(createFunctionReconciler(deps));
}

export function createReconcilerSink(reconciler: Reconciler): Sink {
  return async (event, signal) => {
    if (signal.aborted) throw callerGone();
    try {
      const [reply] = await dispatch(toReconcile(event), true, reconciler, signal);
      // An announcement that a slow API server held up. An answer would say that there was time.
      if (signal.aborted) throw callerGone();
      return reply === undefined ? { status: 204 } : { status: 200, reply };
    } catch (error) {
      // Over HTTP there would be no answer either.
      if (signal.aborted || codeOf(error) === 'ABORTED') throw error;
      const { status, retryAfterMs, body } = toAnswer(error);
      const { message: detail, scope } = body;
      return {
        status,
        detail,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(scope === undefined ? {} : { scope }),
      };
    }
  };
}

function callerGone(): ZenLeadError {
  return new ZenLeadError('ABORTED', 'given up: the caller has gone', { retry: 'never' });
}

function toReconcile({ id, type, source, subject, time, traceparent, data }: ReconcileEvent): ParsedReconcileEvent {
  const observedAt = parseRfc3339(time);
  return {
    kind: 'reconcile',
    id,
    type,
    source,
    subject: parseSubject(subject),
    ...(observedAt === null ? {} : { observedAt }),
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { kind: 'readable', value: data },
  };
}
