/**
 * `node examples/patroni/image.ts OUT.tar [NAME]` writes the image of PostgreSQL under Patroni,
 * without a builder or a daemon. It holds Debian's `patroni`, `python3` and `postgresql` as they
 * are installed on this machine, the libraries that they are linked with, busybox as `/bin/sh`, and
 * the settings of this folder.
 */

import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { writeImage } from '../../deploy/image/writeImage.ts';
import { findPostgres, readLibraries, toFile } from '../postgresql/image.ts';

const programs = ['postgres', 'initdb', 'psql', 'pg_ctl', 'pg_basebackup', 'pg_rewind', 'pg_controldata', 'pg_isready'];
/** Modules that a server without extensions loads. */
const modules = ['libpqwalreceiver.so', 'plpgsql.so', 'dict_snowball.so'];
/** What `patroni` depends on, where Kubernetes keeps its state. */
const packages = ['patroni', 'psycopg2', 'dateutil', 'yaml', '_yaml', 'urllib3', 'six.py', 'psutil'];
const python = '/usr/bin/python3';
const distPackages = '/usr/lib/python3/dist-packages';

/** Returns the folder of Python's own modules, or null where Patroni is not installed. */
function findPython(): string | null {
  const [library] = globSync('/usr/lib/python3.*').filter((path) => existsSync(join(path, 'os.py')));
  return library !== undefined && existsSync(join(distPackages, 'patroni')) ? library : null;
}

export function hasPatroni(): boolean {
  return findPython() !== null && findPostgres() !== null;
}

export function writePatroniImage(name: string): Buffer {
  const [library, postgres] = [findPython(), findPostgres()];
  if (library === null || postgres === null) throw new Error('Debian has it in patroni, postgresql and busybox-static');
  const { bin, lib, share } = postgres;
  const shared = readFolder(share).filter((path) => !path.includes('/man') && !path.includes('/extension'));
  const server = [
    ...[...programs.map((program) => join(bin, program)), ...modules.map((module) => join(lib, module))],
    ...[...shared, ...globSync(join(share, 'extension/plpgsql*'))],
  ];
  const modulesOfPython = [library, ...packages.map((each) => join(distPackages, each))].flatMap(readFolder);
  const files = [python, ...server, ...modulesOfPython];
  const linked = files.filter((path) => path.endsWith('.so') || path === python || path.startsWith(`${bin}/`));
  const all = [...new Set([...files, ...linked.flatMap(readLibraries)])].toSorted();
  return writeImage({
    name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint: [python, '-m', 'patroni', '/app/patroni/patroni.yml'],
    env: { PATH: `${bin}:/usr/bin:/bin`, TZ: 'UTC', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
    layers: [
      [
        { path: 'tmp/', body: Buffer.alloc(0), mode: 0o1777 },
        // initdb wants a name for the user that it runs as.
        { path: 'etc/passwd', body: Buffer.from('postgres:x:65532:65532::/tmp:/bin/sh\n'), mode: 0o644 },
        toFile('bin/sh', '/bin/busybox'),
        ...all.map((path) => toFile(path.slice(1), path)),
      ],
      [
        {
          path: 'app/patroni/patroni.yml',
          body: readFileSync(join(import.meta.dirname, 'patroni.yml')),
          mode: 0o644,
        },
      ],
    ],
    compress: false,
  });
}

/** The files in a folder that a program may load, or the file itself. */
function readFolder(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return globSync('**/*', { cwd: path, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/__pycache__|\/tests?(\/|$)/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (process.argv[1] === import.meta.filename) {
  const [out, name = 'dev.local/patroni:1'] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: image.ts OUT.tar [NAME]');
  writeFileSync(out, writePatroniImage(name));
  console.log(`${name} is in ${relative(process.cwd(), resolve(out))}`);
}
