/**
 * Writes the files of an image into a folder, from which deploy/Dockerfile copies them.
 */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TarEntry } from './writeTar.ts';

export function writeFiles(directory: string, entries: readonly TarEntry[]): void {
  for (const { path, body, mode } of entries) {
    const target = join(directory, path);
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(target, body);
    // The umask would cut down a mode that is given to mkdir or writeFile.
    chmodSync(target, mode);
  }
}
