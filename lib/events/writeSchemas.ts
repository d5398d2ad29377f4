/**
 * Writes `schemas/*.json` (`npm run schemas`). A unit test compares the files with its output.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { toSchemaFiles } from './schemaFiles.ts';

const folder = new URL('../../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of toSchemaFiles()) writeFileSync(new URL(name, folder), text);
