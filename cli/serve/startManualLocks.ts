/**
 * startManualLocks: runs the bridge of ManualLocks with its function in the same process.
 *
 * Guarantees: any number of replicas may run it. None takes a Lease to be first, because each lock
 * is changed by compare-and-swap, and what one has decided is what the others would.
 */

import { createClaimDomain } from '../../bridge/locks/claimDomain.ts';
import { type DomainOptions, type RunningDomain, startDomain } from '../../bridge/startDomain.ts';
import { createInProcessClaimSink } from '../../functions/locks/inProcessClaimSink.ts';
import type { ClaimEvent, ClaimReply } from '../../lib/lock/claims/claimEvent.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';

interface Options
  extends Pick<DomainOptions<ClaimEvent, ClaimReply>, 'api' | 'clusterName' | 'namespaces' | 'metrics' | 'log'> {
  readonly maxSkewMs: number;
}

export function startManualLocks(options: Options): Pick<RunningDomain<unknown>, 'readiness' | 'close'> {
  const { api, log, maxSkewMs, metrics } = options;
  const sink = createInProcessClaimSink({ api, now: Date.now, maxSkewMs, metrics, log });
  // The gauges of queue and watches are those of the leaders in this process.
  return startDomain(createClaimDomain(), { ...options, metrics: createMetrics(), sink });
}
