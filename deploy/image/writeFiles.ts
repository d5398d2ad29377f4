/**
 * writeFiles: the files of an image as a folder. Called by deploy/image.ts for deploy/Dockerfile.
 */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TarEntry } from './writeTar.ts';

export function writeFiles(directory: string, entries: readonly TarEntry[]): void {
  for (const { path, body, mode } of entries) {
    const target = join(directory, path);
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(target, body);
    chmodSync(target, mode); // what mkdir and writeFile are given is cut down by the umask
  }
}
