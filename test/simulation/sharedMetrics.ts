/**
 * One set of metrics for every process of every seed: what they count is not looked at, and making
 * a registry takes longer than a seed.
 */

import { createMetrics } from '../../lib/telemetry/metrics.ts';

export const sharedMetrics = createMetrics();
