/**
 * Writes docs/reference/metrics.md and flow-metrics.md. Run it after a change of metrics.ts,
 * flowMetrics.ts or webhookMetrics.ts, by `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderFlowMetricsPage } from './renderFlowMetricsPage.ts';
import { renderMetricsPage } from './renderMetricsPage.ts';

await writeFile(new URL('../../docs/reference/metrics.md', import.meta.url), renderMetricsPage());
await writeFile(new URL('../../docs/reference/flow-metrics.md', import.meta.url), renderFlowMetricsPage());
