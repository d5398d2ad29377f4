/**
 * Holds one set of metrics for every process of every seed. No check reads them, and making a
 * registry takes longer than a seed.
 */

import { createMetrics } from '../../lib/telemetry/metrics.ts';

export const sharedMetrics = createMetrics();
