/**
 * createAttempts: bounds the time of an announcement, and logs the ones that do not get through.
 *
 * Guarantees: `attempt` never rejects. The budget grows while the API server needs more, and
 * shrinks again.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

export interface Attempts {
  /** Aborts with the caller, or once the time of an announcement is over. */
  inTime(caller: AbortSignal): AbortSignal;
  /** The same for EVENTS_SINK. */
  inSinkTime(): AbortSignal;
  /** False when it failed. */
  attempt(service: ServiceRef, caller: AbortSignal, work: () => Promise<void>): Promise<boolean>;
}

/** A signal that aborts after so many milliseconds. */
type TimeoutSignal = (timeoutMs: number) => AbortSignal;

/**
 * For one announcement: half of the second that the bridge gives an attempt. It doubles each time
 * that the API server has needed more, up to what the bridge gives an attempt then.
 */
const BUDGET = { minMs: 500, maxMs: 12_000 };
/**
 * For EVENTS_SINK, which may be down for long: it must not hold up what the API server would take.
 */
const SINK_BUDGET_MS = 500;

export function createAttempts(log: Logger, timeoutSignal: TimeoutSignal): Attempts {
  let budgetMs = BUDGET.minMs;
  return {
    inTime: (caller) => AbortSignal.any([caller, timeoutSignal(budgetMs)]),
    inSinkTime: () => timeoutSignal(SINK_BUDGET_MS),
    async attempt({ namespace, name }, caller, work) {
      try {
        await work();
        budgetMs = Math.max(BUDGET.minMs, budgetMs / 2);
        return true;
      } catch (cause) {
        // The caller still waits, so our own time was over.
        const isLate = codeOf(cause) === 'ABORTED' && !caller.aborted;
        const error = isLate ? late(budgetMs, cause) : cause;
        if (isLate) budgetMs = Math.min(BUDGET.maxMs, budgetMs * 2);
        // On a conflict of the record, another function has announced, or the object has moved on.
        // The next reconcile sees which.
        const level = codeOf(error) === 'KUBE_CONFLICT' ? 'debug' : 'warn';
        log[level]({ service: `${namespace}/${name}`, err: error }, 'an announcement did not get through');
        return false;
      }
    },
  };
}

function late(budgetMs: number, cause: unknown): ZenLeadError {
  const message = `not announced within ${budgetMs} ms, a later reconcile tries again`;
  return new ZenLeadError('KUBE_TIMEOUT', message, { retry: 'later', cause });
}
