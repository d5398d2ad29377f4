/**
 * Writes schemas/openapi.json, as a part of `npm run schemas`.
 */

import { writeFile } from 'node:fs/promises';
import { openApi } from './openApi.ts';

await writeFile(new URL('../schemas/openapi.json', import.meta.url), `${JSON.stringify(openApi, null, 2)}\n`);
