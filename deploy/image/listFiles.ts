/**
 * Lists every file below a folder, as absolute paths, sorted.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export function listFiles(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
