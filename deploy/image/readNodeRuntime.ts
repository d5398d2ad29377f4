/**
 * readNodeRuntime: this Node and the libraries that it is linked with, as the files of an image layer. Called by deploy/image.ts.
 *
 * Guarantees: nothing else of this machine gets into the image: no shell, no package manager.
 * Not guaranteed: an image for another architecture than this machine's; deploy/Dockerfile makes those.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TarEntry } from './writeTar.ts';

/** Needed by name resolution on a glibc older than 2.34, which loads it by name at run time; newer ones have it inside. */
const resolverLibraries = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

export function readNodeRuntime(): readonly TarEntry[] {
  const libraries = readLibraries(process.execPath);
  const libc = libraries.find((path) => path.includes('libc.so'));
  if (libc === undefined) throw new Error(`${process.execPath} is not linked with a libc that ldd finds`);
  const resolvers = resolverLibraries.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path));
  return [
    { path: 'tmp/', body: Buffer.alloc(0), mode: 0o1777 },
    // Something to show in `ps` and to satisfy os.userInfo().
    toFile('etc/passwd', Buffer.from('nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n'), 0o644),
    ...[...new Set([...libraries, ...resolvers])]
      .toSorted()
      .map((path) => toFile(path.slice(1), readFileSync(realpathSync(path)), 0o755)),
    toFile('usr/local/bin/node', readFileSync(realpathSync(process.execPath)), 0o755),
  ];
}

/** Absolute paths, the loader included, where the loader will look for them. */
function readLibraries(program: string): readonly string[] {
  const output = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]));
}

function toFile(path: string, body: Buffer, mode: number): TarEntry {
  return { path, body, mode };
}
