/**
 * Holds one set of metrics for every process of every seed. Making a registry takes longer than a
 * seed. No check reads the metrics, so they count nothing.
 */

import { Counter, Gauge, Histogram } from 'prom-client';
import { createFlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';

const nothing = { inc: () => undefined, dec: () => undefined, set: () => undefined, observe: () => undefined };

export const sharedMetrics = createMetrics();
export const sharedFlowMetrics = createFlowMetrics(sharedMetrics.registry);
for (const metric of [...Object.values(sharedMetrics), ...Object.values(sharedFlowMetrics)])
  if (metric instanceof Counter || metric instanceof Gauge || metric instanceof Histogram)
    Object.assign(metric, nothing);
