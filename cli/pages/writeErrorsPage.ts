/**
 * Writes docs/errors.md. Run by hand after a change of errorReference.ts: `npm run pages`.
 */

import { writeFile } from 'node:fs/promises';
import { renderErrorsPage } from './renderErrorsPage.ts';

await writeFile(new URL('../../docs/errors.md', import.meta.url), renderErrorsPage());
