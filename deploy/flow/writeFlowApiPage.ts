/** Writes docs/reference/flow-api.md. Run it after a change of the schemas, by `npm run pages`. */

import { writeFile } from 'node:fs/promises';
import { renderFlowApiPage } from './renderFlowApiPage.ts';

await writeFile(new URL('../../docs/reference/flow-api.md', import.meta.url), renderFlowApiPage());
