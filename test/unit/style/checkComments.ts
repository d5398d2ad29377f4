/**
 * Names every comment that is too wide, and ends with 1 when there is one. The second part of
 * `npm run lint`.
 *
 * `--root DIR` checks the sources in that folder instead of this repository.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findWideComments, listSources, MAX_COLUMNS } from './wideComments.ts';

const { values } = parseArgs({ options: { root: { type: 'string' } } });
const root = values.root ?? resolve(import.meta.dirname, '../../..');

const found = listSources(root).flatMap((file) =>
  findWideComments(readFileSync(join(root, file), 'utf8')).map(({ line, columns }) => `${file}:${line} has ${columns}`),
);
for (const one of found) console.error(one);
if (found.length > 0) {
  console.error(`${found.length} comment lines are wider than ${MAX_COLUMNS} columns`);
  process.exitCode = 1;
}
