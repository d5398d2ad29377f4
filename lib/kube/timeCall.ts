/**
 * Timing one API call into the metrics that the Go zen-lead has too: `api_call_duration_seconds`, `timeout_occurrences_total`.
 * Used by client.ts.
 */

import { codeOf } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export async function timeCall<Result>(
  metrics: Pick<Metrics, 'apiCallSeconds' | 'timeouts'>,
  target: {
    readonly operation: 'get' | 'list' | 'create' | 'patch' | 'delete';
    readonly namespace: string;
    readonly service: string;
  },
  call: () => Promise<Result>,
): Promise<Result> {
  const stopTimer = metrics.apiCallSeconds.startTimer(target);
  try {
    const result = await call();
    stopTimer({ result: 'success' });
    return result;
  } catch (error) {
    const code = codeOf(error);
    stopTimer({ result: code ?? 'error' });
    if (code === 'KUBE_TIMEOUT') metrics.timeouts.inc({ namespace: target.namespace, operation: target.operation });
    throw error;
  }
}
