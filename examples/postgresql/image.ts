/**
 * `node examples/postgresql/image.ts OUT.tar [NAME]` writes the image of the instances and of the
 * promote function, without a builder or a daemon. It holds Debian's `postgresql-15` and
 * `postgresql-client-15` as they are installed on this machine, the libraries that they are linked
 * with, this Node, busybox as `/bin/sh`, and the programs of this folder.
 *
 * `docker load`, `podman load` and `ctr images import` take it.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { readNodeRuntime } from '../../deploy/image/readNodeRuntime.ts';
import { writeImage } from '../../deploy/image/writeImage.ts';
import type { TarEntry } from '../../deploy/image/writeTar.ts';

const examples = resolve(import.meta.dirname, '..');
const programs = ['postgres', 'initdb', 'psql', 'pg_basebackup', 'pg_rewind', 'pg_controldata'];
/** Modules that a server without extensions loads. */
const modules = ['libpqwalreceiver.so', 'plpgsql.so', 'dict_snowball.so'];

/** Returns where Debian put PostgreSQL, or null where it is not installed. */
export function findPostgres(): { readonly bin: string; readonly lib: string; readonly share: string } | null {
  const [version] = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql')
        .filter((name) => existsSync(`/usr/lib/postgresql/${name}/bin/postgres`))
        .toSorted((a, b) => Number(b) - Number(a))
    : [];
  if (version === undefined || !existsSync('/bin/busybox')) return null;
  const home = `/usr/lib/postgresql/${version}`;
  return { bin: `${home}/bin`, lib: `${home}/lib`, share: `/usr/share/postgresql/${version}` };
}

export function writePostgresImage(name: string): Buffer {
  const found = findPostgres();
  if (found === null) throw new Error('Debian has it in postgresql, postgresql-client and busybox-static');
  const { bin, lib, share } = found;
  const needed = [...programs.map((program) => join(bin, program)), ...modules.map((module) => join(lib, module))];
  const shared = globSync('**/*', { cwd: share, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('/man') && !entry.parentPath.includes('/extension'))
    .map((entry) => join(entry.parentPath, entry.name));
  const extension = globSync(join(share, 'extension/plpgsql*'));
  const runtime = readNodeRuntime();
  const known = new Set(runtime.map(({ path }) => path));
  const files = [...new Set([...needed, ...needed.flatMap(readLibraries), ...shared, ...extension])].toSorted();
  return writeImage({
    name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint: ['/usr/local/bin/node', '/app/postgresql/instance/main.ts'],
    env: { PATH: `${bin}:/usr/local/bin:/bin`, TZ: 'UTC' },
    layers: [
      runtime,
      [
        toFile('bin/busybox', '/bin/busybox'),
        toFile('bin/sh', '/bin/busybox'),
        ...files.map((file) => toFile(file.slice(1), file)).filter(({ path }) => !known.has(path)),
      ],
      [
        { path: 'app/package.json', body: Buffer.from('{"type":"module"}'), mode: 0o644 },
        ...globSync('postgresql/{instance,promote}/*.ts', { cwd: examples }).map((path) => ({
          path: `app/${path}`,
          body: readFileSync(join(examples, path)),
          mode: 0o644,
        })),
      ],
    ],
    compress: false,
  });
}

/** Returns absolute paths, where the loader will look for them, and the loader. */
export function readLibraries(file: string): readonly string[] {
  const output = execFileSync('ldd', [file], { encoding: 'utf8' });
  return [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]));
}

export function toFile(path: string, file: string): TarEntry {
  return { path, body: readFileSync(realpathSync(file)), mode: 0o755 };
}

if (process.argv[1] === import.meta.filename) {
  const [out, name = 'dev.local/postgresql:1'] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: image.ts OUT.tar [NAME]');
  writeFileSync(out, writePostgresImage(name));
  console.log(`${name} is in ${relative(process.cwd(), resolve(out))}`);
}
