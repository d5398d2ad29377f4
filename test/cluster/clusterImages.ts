/**
 * Makes the images of the suite's own cluster from files: one program each, as user 65532.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLinked, readNodeRuntime } from '../../deploy/image/readNodeRuntime.ts';
import { writeImage } from '../../deploy/image/writeImage.ts';
import type { TarEntry } from '../../deploy/image/writeTar.ts';
import { type ClusterAssets, knativePrograms } from './clusterAssets.ts';

/** Debian's busybox-static, which starts without libraries. */
const busybox = '/bin/busybox';

/** What examples/am-i-leader asks with. */
export const curl = '/usr/bin/curl';

/** Writes into `directory`, which node.sh imports from. */
export function writeClusterImages({ directory: programs }: ClusterAssets, directory: string): void {
  const write = (name: string, entrypoint: readonly string[], files: readonly TarEntry[]) =>
    writeClusterImage(directory, name, entrypoint, files);
  write('pause', [busybox, 'sleep', '2147483647'], [toProgram('bin/busybox', busybox)]);
  write('coredns', ['/bin/coredns'], [toProgram('bin/coredns', join(programs, 'coredns'))]);
  for (const name of knativePrograms)
    write(name, [`/bin/${name}`], [toProgram(`bin/${name}`, join(programs, `knative-${name}`))]);
  // The leaders of the stories run this. It answers with its own name and has no handler for
  // SIGTERM.
  const web = 'echo "$HOSTNAME" > /tmp/index.html; exec /bin/busybox httpd -f -p 8080 -h /tmp';
  write('web', [busybox, 'sh', '-c', web], [toProgram('bin/busybox', busybox)]);
  // By each name it is another program. Its own wget looks names up with a resolver that glibc
  // loads at run time, which a static program crashes without. So curl is there, on the PATH.
  const applets = ['sh', 'sleep', 'cat', 'date', 'hostname', 'httpd'].map((name) => toProgram(`bin/${name}`, busybox));
  write('busybox', ['/bin/sh'], [...applets, ...(existsSync(curl) ? readLinked(curl, 'bin/curl') : [])]);
  const ingress = fileURLToPath(new URL('./ingress/ingress.ts', import.meta.url));
  write(
    'ingress',
    ['/usr/local/bin/node', '/app/ingress.ts'],
    [
      ...readNodeRuntime(),
      { path: 'app/ingress.ts', body: readFileSync(ingress), mode: 0o644 },
      { path: 'app/package.json', body: Buffer.from('{"type":"module"}'), mode: 0o644 },
    ],
  );
}

/** Writes an image of one program, for a single story. Returns the file. */
export function writeProgramImage(directory: string, name: string, program: string): string {
  return writeClusterImage(directory, name, [`/bin/${name}`], [toProgram(`bin/${name}`, program)]);
}

function writeClusterImage(
  directory: string,
  name: string,
  entrypoint: readonly string[],
  files: readonly TarEntry[],
): string {
  const image = writeImage({
    name: `dev.local/${name}:1`,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint,
    layers: [[{ path: 'tmp/', body: Buffer.alloc(0), mode: 0o1777 }], files],
    // It goes only to the containerd of this machine.
    compress: false,
  });
  const file = join(directory, `${name}.tar`);
  writeFileSync(file, image);
  return file;
}

function toProgram(path: string, file: string): TarEntry {
  return { path, body: readFileSync(file), mode: 0o755 };
}
