/**
 * startScheduleBridge: watches JobFlowSchedules and the flows that they have made, and sends an
 * event when one of them changes, and when the time of one has come.
 *
 * Guarantees: any number of replicas may run it, and none takes a Lease. The name of a flow follows
 * from its minute, and the status of a schedule is changed by compare-and-swap.
 */

import type { ScheduleEvent, ScheduleReplyData } from '../lib/flow/events/scheduleEvent.ts';
import { createMetrics } from '../lib/telemetry/metrics.ts';
import { createScheduleDomain } from './schedules/scheduleDomain.ts';
import { type DomainOptions, type RunningDomain, startDomain } from './startDomain.ts';

export type ScheduleBridgeOptions = Omit<
  DomainOptions<ScheduleEvent, { readonly data: ScheduleReplyData }>,
  'metrics' | 'lease'
>;

export function startScheduleBridge(options: ScheduleBridgeOptions): Pick<RunningDomain<unknown>, 'close'> {
  // The gauges of queue and watches are those of the flows in this process.
  return startDomain(createScheduleDomain(), { ...options, metrics: createMetrics() });
}
