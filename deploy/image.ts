/**
 * `npm run image [-- --name NAME] [--out FILE] [--uncompressed]` writes the image of zen-lead for
 * this machine's architecture, without a builder or a daemon. `--rootfs DIR` writes its files
 * instead. deploy/Dockerfile makes the same image of them, for any architecture.
 *
 * The image holds node, its libraries, the bundles of zen-lead and zen-flow, their compile cache,
 * licences and the SBOM. It has no npm and no shell. It runs as user 65532, which may write to no
 * file.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { listFiles } from './image/listFiles.ts';
import { readNodeRuntime } from './image/readNodeRuntime.ts';
import { warmCompileCache } from './image/warmCompileCache.ts';
import { writeFiles } from './image/writeFiles.ts';
import { writeImage } from './image/writeImage.ts';
import { writeSbom } from './image/writeSbom.ts';
import type { TarEntry } from './image/writeTar.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const uid = 65532;
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: `zen-lead:${packageJson.version}` },
    out: { type: 'string', default: join(checkout, 'dist', 'zen-lead-image.tar') },
    uncompressed: { type: 'boolean', default: false },
    rootfs: { type: 'string' },
  },
});

const app = await readApp();
if (values.rootfs === undefined) writeArchive(values.out, [readNodeRuntime(), app]);
else writeFiles(values.rootfs, [...readNodeRuntime(), ...app]);

/** Reads what changes from version to version. Its 4.5 MB have a layer of their own. */
async function readApp(): Promise<readonly TarEntry[]> {
  const stage = mkdtempSync(join(tmpdir(), 'zen-lead-image-'));
  try {
    const folder = join(stage, 'app');
    mkdirSync(join(folder, 'cache'), { recursive: true });
    const bundles = ['zen-lead', 'zen-flow'].map((program) => ({ program, file: join(folder, `${program}.mjs`) }));
    for (const { program, file } of bundles) {
      const bundle = [join(checkout, 'deploy', 'bundle.ts'), file, program, 'split'];
      execFileSync(process.execPath, bundle, { stdio: ['ignore', 'ignore', 'inherit'] });
    }
    copyFileSync(join(checkout, 'LICENSE'), join(folder, 'LICENSE'));
    writeFileSync(join(folder, 'sbom.cdx.json'), writeSbom());
    await warmCompileCache(
      bundles.map(({ file }) => file),
      join(folder, 'cache'),
      uid,
    );
    return listFiles(stage).map((path) => ({ path: relative(stage, path), body: readFileSync(path), mode: 0o644 }));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * deploy/Dockerfile has the same entry point and environment. test/unit/deploy/image.test.ts
 * compares.
 */
function writeArchive(out: string, layers: readonly (readonly TarEntry[])[]): void {
  const archive = writeImage({
    name: values.name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    // docs/decisions/runtime.md: a bridge of 100,000 pods takes 225 MB with these, and 400 without.
    entrypoint: ['/usr/local/bin/node', '--max-semi-space-size=4', '/app/zen-lead.mjs'],
    env: {
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: '/app/cache',
      NODE_COMPILE_CACHE_PORTABLE: '1',
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '131072',
    },
    labels: {
      'org.opencontainers.image.title': 'zen-lead',
      'org.opencontainers.image.version': packageJson.version,
      'org.opencontainers.image.licenses': packageJson.license,
    },
    layers,
    compress: !values.uncompressed,
  });
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, archive);
  console.log(`${values.name}: ${out}, ${Math.round(statSync(out).size / 1_000_000)} MB`);
}
