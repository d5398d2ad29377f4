/**
 * watchColdStart: measures how long a Service waits while functions scale from zero, or up. It
 * measures from the start of this process to its first decision, where the change was seen before
 * the process was there.
 *
 * Does not guarantee that every start counts. The time in an event of an untrusted sender proves
 * nothing.
 */

import type { Metrics } from '../lib/telemetry/metrics.ts';

/**
 * Called after each reconcile, with when its change was observed (epoch milliseconds); the first
 * call counts.
 */
export function watchColdStart(
  { coldStartSeconds }: Pick<Metrics, 'coldStartSeconds'>,
  // Since the process began, before our first line ran:
  // https://nodejs.org/api/perf_hooks.html#performancenow
  { startedAt, uptimeMs } = { startedAt: performance.timeOrigin, uptimeMs: () => performance.now() },
): (observedAt: number | undefined) => void {
  let isNoted = false;
  return (observedAt) => {
    if (isNoted) return;
    isNoted = true;
    if (observedAt !== undefined && observedAt < startedAt) coldStartSeconds.observe(uptimeMs() / 1_000);
  };
}
