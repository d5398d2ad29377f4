/**
 * Writes docs/reference/configuration.md. Run by hand after a change of the tables: `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderConfigurationPage } from './renderConfigurationPage.ts';

await writeFile(new URL('../../docs/reference/configuration.md', import.meta.url), renderConfigurationPage());
