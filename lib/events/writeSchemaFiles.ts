/** Writes files into `schemas/`. */

import { mkdirSync, writeFileSync } from 'node:fs';

export function writeSchemaFiles(files: ReadonlyMap<string, string>): void {
  const folder = new URL('../../schemas/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(new URL(name, folder), text);
}
