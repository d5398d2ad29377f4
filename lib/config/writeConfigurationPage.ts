/**
 * Writes docs/reference/configuration.md. Run it after a change of the tables, by `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderConfigurationPage } from './renderConfigurationPage.ts';

await writeFile(new URL('../../docs/reference/configuration.md', import.meta.url), renderConfigurationPage());
