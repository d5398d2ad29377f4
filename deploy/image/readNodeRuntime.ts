/**
 * Reads this Node and the libraries that it is linked with, as the files of an image layer.
 *
 * Guarantees: nothing else of this machine gets into the image, so no shell and no package manager.
 * Does not guarantee an image for an architecture other than this machine's. deploy/Dockerfile
 * makes those.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TarEntry } from './writeTar.ts';

/**
 * A glibc older than 2.34 loads these by name at run time, to resolve names. A newer one has them
 * inside.
 */
const resolverLibraries = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

export function readNodeRuntime(): readonly TarEntry[] {
  const libraries = readLibraries(process.execPath);
  const libc = libraries.find((path) => path.includes('libc.so'));
  if (libc === undefined) throw new Error(`${process.execPath} is not linked with a libc that ldd finds`);
  const resolvers = resolverLibraries.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path));
  return [
    { path: 'tmp/', body: Buffer.alloc(0), mode: 0o1777 },
    // `ps` shows this user, and os.userInfo() throws without it.
    toFile('etc/passwd', Buffer.from('nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n'), 0o644),
    ...[...new Set([...libraries, ...resolvers])]
      .toSorted()
      .map((path) => toFile(path.slice(1), readReal(path), 0o755)),
    toFile('usr/local/bin/node', readReal(process.execPath), 0o755),
  ];
}

/** Reads a program of this machine and the libraries that it is linked with. It goes to `path`. */
export function readLinked(program: string, path: string): readonly TarEntry[] {
  const libraries = readLibraries(program).map((library) => toFile(library.slice(1), readReal(library), 0o755));
  return [...libraries, toFile(path, readReal(program), 0o755)];
}

/** Returns absolute paths, where the loader will look for them. The loader itself is among them. */
function readLibraries(program: string): readonly string[] {
  const output = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]));
}

/** Follows links: an image has none. */
function readReal(path: string): Buffer {
  return readFileSync(realpathSync(path));
}

function toFile(path: string, body: Buffer, mode: number): TarEntry {
  return { path, body, mode };
}
