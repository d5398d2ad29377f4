/**
 * watchColdStart: what a Service waits for while functions scale from zero, or up: from the start of this process to its first decision,
 * where the change was seen before the process was there. Used by `looks`.
 *
 * Not guaranteed: that every start counts. Events from senders that are not trusted have no time that could be believed.
 */

import type { Metrics } from '../lib/telemetry/metrics.ts';

/** Called after each reconcile, with when its change was observed (epoch milliseconds); the first call counts. */
export function watchColdStart(
  { coldStartSeconds }: Pick<Metrics, 'coldStartSeconds'>,
  // Since the process began, before the first line of ours ran: https://nodejs.org/api/perf_hooks.html#performancenow
  { startedAt, uptimeMs } = { startedAt: performance.timeOrigin, uptimeMs: () => performance.now() },
): (observedAt: number | undefined) => void {
  let isNoted = false;
  return (observedAt) => {
    if (isNoted) return;
    isNoted = true;
    if (observedAt !== undefined && observedAt < startedAt) coldStartSeconds.observe(uptimeMs() / 1_000);
  };
}
