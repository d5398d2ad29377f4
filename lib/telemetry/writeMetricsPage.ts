/**
 * Writes docs/reference/metrics.md. Run it after a change of metrics.ts, by `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderMetricsPage } from './renderMetricsPage.ts';

await writeFile(new URL('../../docs/reference/metrics.md', import.meta.url), renderMetricsPage());
