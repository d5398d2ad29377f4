/**
 * Times one API call into the metrics that the Go zen-lead has too: `api_call_duration_seconds`,
 * `timeout_occurrences_total`. The label `service` is the source Service of a write, as in every
 * other metric.
 */

import { codeOf } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface CallTarget {
  readonly operation: 'get' | 'list' | 'create' | 'patch' | 'delete';
  readonly namespace: string;
}

export async function timeCall<Result>(
  metrics: Pick<Metrics, 'apiCallSeconds' | 'timeouts'>,
  target: CallTarget,
  call: () => Promise<Result>,
): Promise<Result> {
  const { operation, namespace } = target;
  const stopTimer = metrics.apiCallSeconds.startTimer({ operation });
  try {
    const result = await call();
    stopTimer({ result: 'success' });
    return result;
  } catch (error) {
    const code = codeOf(error);
    stopTimer({ result: code ?? 'error' });
    if (code === 'KUBE_TIMEOUT') metrics.timeouts.inc({ namespace, operation });
    throw error;
  }
}
