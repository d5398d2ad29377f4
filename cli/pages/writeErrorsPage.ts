/**
 * Writes docs/reference/errors.md. Run it after a change of errorReference.ts, by `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderErrorsPage } from './renderErrorsPage.ts';

await writeFile(new URL('../../docs/reference/errors.md', import.meta.url), renderErrorsPage());
