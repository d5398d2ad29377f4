/**
 * `npm run image [-- --name NAME] [--out FILE] [--uncompressed]`: the image of zen-lead without a builder or a daemon, for this
 * machine's architecture. deploy/Dockerfile makes the same contents for others.
 *
 * Inside: node, its libraries, the bundle, the bundle's compile cache, licences, SBOM. No npm, no shell. User 65532, nothing to write.
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
import { writeImage } from './image/writeImage.ts';
import { writeSbom } from './image/writeSbom.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const uid = 65532;
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: `zen-lead:${packageJson.version}` },
    out: { type: 'string', default: join(checkout, 'dist', 'zen-lead-image.tar') },
    uncompressed: { type: 'boolean', default: false },
  },
});

execFileSync(process.execPath, [join(checkout, 'deploy', 'bundle.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
const stage = mkdtempSync(join(tmpdir(), 'zen-lead-image-'));
try {
  const app = join(stage, 'app');
  mkdirSync(join(app, 'cache'), { recursive: true });
  for (const name of ['zen-lead.mjs', 'zen-lead.mjs.LEGAL.txt'])
    copyFileSync(join(checkout, 'dist', name), join(app, name));
  copyFileSync(join(checkout, 'LICENSE'), join(app, 'LICENSE'));
  writeFileSync(join(app, 'sbom.cdx.json'), writeSbom());
  await warmCompileCache(join(app, 'zen-lead.mjs'), join(app, 'cache'), uid);

  const files = listFiles(stage).map((path) => ({
    path: relative(stage, path),
    body: readFileSync(path),
    mode: 0o644,
  }));
  const archive = writeImage({
    name: values.name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint: ['/usr/local/bin/node', '/app/zen-lead.mjs'],
    env: { NODE_ENV: 'production', NODE_COMPILE_CACHE: '/app/cache', NODE_COMPILE_CACHE_PORTABLE: '1' },
    labels: {
      'org.opencontainers.image.title': 'zen-lead',
      'org.opencontainers.image.version': packageJson.version,
      'org.opencontainers.image.licenses': packageJson.license,
    },
    layers: [readNodeRuntime(), files],
    compress: !values.uncompressed,
  });
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, archive);
  console.log(`${values.name}: ${values.out}, ${toMegabytes(statSync(values.out).size)} MB`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function toMegabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}
