/**
 * Ends one attempt on the network by the caller's signal or by the deadline, whichever comes first.
 *
 * Guarantees: rejects with a ZenLeadError only: `ABORTED` (the caller has gone), `KUBE_TIMEOUT`
 * (the deadline), what `run` threw if it is a ZenLeadError, else `KUBE_UNAVAILABLE`. No listener
 * and no timer stays behind, where `AbortSignal.any` and `AbortSignal.timeout` would leave both on
 * a signal that lives as long as the process.
 */

import { ZenLeadError } from '../errors.ts';
import { type Attempt, toAbortedError, toConnectionError, toTimeoutError } from './kubeError.ts';

export async function withDeadline<Result>(
  attempt: Attempt,
  signal: AbortSignal,
  deadlineMs: number,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (signal.aborted) throw toAbortedError(attempt);
  const stop = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stop.abort();
  }, deadlineMs);
  const abort = () => stop.abort();
  signal.addEventListener('abort', abort, { once: true });
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
  });
  try {
    // A race, because not everything in `run` obeys the signal: an exec plugin that hangs does not.
    return await Promise.race([run(stop.signal), stopped]);
  } catch (error) {
    if (signal.aborted) throw toAbortedError(attempt);
    if (isLate) throw toTimeoutError(attempt, deadlineMs);
    throw error instanceof ZenLeadError ? error : toConnectionError(attempt, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
