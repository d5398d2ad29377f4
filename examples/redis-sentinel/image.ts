/**
 * `node examples/redis-sentinel/image.ts OUT.tar [NAME]` writes the image of Redis and Sentinel,
 * without a builder or a daemon. It holds Debian's `redis-server` and `redis-tools` as they are
 * installed on this machine, the libraries that they are linked with, and busybox as `/bin/sh`.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { writeImage } from '../../deploy/image/writeImage.ts';
import { readLibraries, toFile } from '../postgresql/image.ts';

/** Debian's one program, which is what its name says: server, Sentinel or checker. */
const server = '/usr/bin/redis-check-rdb';
const cli = '/usr/bin/redis-cli';
const busybox = '/bin/busybox';

export function hasRedis(): boolean {
  return [server, cli, busybox].every((path) => existsSync(path));
}

export function writeRedisImage(name: string): Buffer {
  if (!hasRedis()) throw new Error('Debian has it in redis-server, redis-tools and busybox-static');
  const libraries = [...new Set([...readLibraries(server), ...readLibraries(cli)])].toSorted();
  const scripts = ['start-redis.sh', 'start-sentinel.sh'];
  return writeImage({
    name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint: ['/bin/sh', '/app/redis-sentinel/start-redis.sh'],
    layers: [
      [
        { path: 'tmp/', body: Buffer.alloc(0), mode: 0o1777 },
        ...['sh', 'cat', 'head', 'sleep', 'timeout'].map((program) => toFile(`bin/${program}`, busybox)),
        toFile('bin/redis-server', server),
        toFile('bin/redis-sentinel', server),
        toFile('bin/redis-cli', cli),
        ...libraries.map((path) => toFile(path.slice(1), path)),
      ],
      scripts.map((script) => ({
        path: `app/redis-sentinel/${script}`,
        body: readFileSync(join(import.meta.dirname, script)),
        mode: 0o755,
      })),
    ],
    compress: false,
  });
}

if (process.argv[1] === import.meta.filename) {
  const [out, name = 'dev.local/redis:1'] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: image.ts OUT.tar [NAME]');
  writeFileSync(out, writeRedisImage(name));
  console.log(`${name} is in ${relative(process.cwd(), resolve(out))}`);
}
