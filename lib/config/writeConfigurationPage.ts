/**
 * Writes docs/configuration.md. Run by hand after a change of settings.ts: `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderConfigurationPage } from './renderConfigurationPage.ts';

await writeFile(new URL('../../docs/configuration.md', import.meta.url), renderConfigurationPage());
