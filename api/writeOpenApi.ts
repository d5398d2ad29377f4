/**
 * Writes schemas/openapi.json and schemas/api.openapi.json, as a part of `npm run schemas`.
 */

import { writeFile } from 'node:fs/promises';
import { apiOpenApi } from './apiOpenApi.ts';
import { openApi } from './openApi.ts';

await writeFile(new URL('../schemas/openapi.json', import.meta.url), `${JSON.stringify(openApi, null, 2)}\n`);
await writeFile(new URL('../schemas/api.openapi.json', import.meta.url), `${JSON.stringify(apiOpenApi, null, 2)}\n`);
