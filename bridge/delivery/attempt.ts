/**
 * attempt: sends one event once and reports the outcome.
 *
 * Guarantees: never rejects; the sink's signal aborts after `timeoutMs`, and when `closing` does.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Sink, SinkAnswer } from '../../lib/events/sink.ts';
import type { Clock } from '../clock.ts';

export type Outcome<R> =
  | { readonly kind: 'done'; readonly answer: SinkAnswer<R> }
  /** Sending it again cannot help. */
  | { readonly kind: 'refused'; readonly answer: SinkAnswer<R> }
  | Failure;

export interface Failure {
  readonly kind: 'failed';
  /** 0 where no answer came. */
  readonly status: number;
  readonly detail: string;
  readonly retryAfterMs: number;
  /** The sink has more to do than it can bear. */
  readonly isOverload: boolean;
  /**
   * Says nothing about the next key. A sink that is well answers 429, and 503 of scope `service`.
   */
  readonly isOfThisKey: boolean;
  /** The API call of this reconcile was refused: a newer state may fare better at once. */
  readonly isRefusal: boolean;
  /** No answer came in the time that the attempt had. */
  readonly isTimeout: boolean;
  /** It was sent and not answered: the sink may still work on it. */
  readonly mayBeRunning: boolean;
}

export async function attempt<E, R>(
  sink: Sink<E, R>,
  event: E,
  timeoutMs: number,
  clock: Clock,
  closing: AbortSignal,
): Promise<Outcome<R>> {
  const abort = new AbortController();
  let timedOut = false;
  const cancelTimer = clock.setTimer(() => {
    timedOut = true;
    abort.abort(new ZenLeadError('SINK_UNAVAILABLE', `no answer within ${timeoutMs} ms`, { retry: 'later' }));
  }, timeoutMs);
  const onClosing = (): void => abort.abort(closing.reason);
  if (closing.aborted) onClosing();
  else closing.addEventListener('abort', onClosing);
  try {
    return toOutcome(await sink(event, abort.signal));
  } catch (error) {
    return {
      kind: 'failed',
      status: 0,
      detail: error instanceof Error ? error.message : String(error),
      retryAfterMs: 0,
      isOverload: timedOut,
      isOfThisKey: false,
      isRefusal: false,
      isTimeout: timedOut,
      mayBeRunning: codeOf(error) !== 'SINK_UNREACHABLE',
    };
  } finally {
    cancelTimer();
    closing.removeEventListener('abort', onClosing);
  }
}

/** The answer table in docs/reference/events.md#answers, from the sender's side. */
function toOutcome<R>(answer: SinkAnswer<R>): Outcome<R> {
  const { status, scope } = answer;
  if (status >= 200 && status < 300) return { kind: 'done', answer };
  if (status === 400 || status === 403 || status === 413) return { kind: 'refused', answer };
  const isRefusal = status === 503 && scope === 'service';
  return {
    kind: 'failed',
    status,
    detail: answer.detail ?? `the sink answered ${status}`,
    retryAfterMs: answer.retryAfterMs ?? 0,
    isOverload: (status === 429 || status === 503) && !isRefusal,
    isOfThisKey: status === 429 || isRefusal,
    isRefusal,
    isTimeout: false,
    mayBeRunning: false,
  };
}
