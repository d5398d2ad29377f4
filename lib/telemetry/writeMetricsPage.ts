/**
 * Writes docs/metrics.md. Run by hand after a change of metrics.ts: `node lib/telemetry/writeMetricsPage.ts`.
 */

import { writeFile } from 'node:fs/promises';
import { renderMetricsPage } from './renderMetricsPage.ts';

await writeFile(new URL('../../docs/metrics.md', import.meta.url), renderMetricsPage());
