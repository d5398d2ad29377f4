/**
 * The archive that `npm run image` writes, read back with tar and by what the OCI layout says.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFlags } from '../../../deploy/image/warmCompileCache.ts';
import { type Image, writeImage } from '../../../deploy/image/writeImage.ts';
import { writeTar } from '../../../deploy/image/writeTar.ts';

const image: Image = {
  name: 'zen-lead:1',
  architecture: 'amd64',
  entrypoint: ['/usr/local/bin/node', '/app/zen-lead.mjs'],
  env: { NODE_ENV: 'production' },
  layers: [
    [{ path: 'tmp/', body: Buffer.alloc(0), mode: 0o1777 }],
    [{ path: 'app/zen-lead.mjs', body: Buffer.from('console.log(1)'), mode: 0o644 }],
  ],
};
const directory = mkdtempSync(join(tmpdir(), 'zen-lead-image-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

describe('the archive', () => {
  const readBlob = (digest: string): Buffer =>
    readFileSync(join(directory, 'blobs/sha256', digest.replace('sha256:', '')));
  const readJson = (path: string) => JSON.parse(readFileSync(join(directory, path), 'utf8'));

  beforeAll(() => {
    writeFileSync(join(directory, 'image.tar'), writeImage(image));
    execFileSync('tar', ['-xf', 'image.tar'], { cwd: directory });
  });

  test('holds every blob under the digest of its bytes, with its size', () => {
    const [reference] = readJson('index.json').manifests;
    const manifest = JSON.parse(readBlob(reference.digest).toString());
    for (const { digest, size } of [reference, manifest.config, ...manifest.layers]) {
      expect(sha256(readBlob(digest))).toBe(digest.replace('sha256:', ''));
      expect(readBlob(digest).length).toBe(size);
    }
  });

  test('names layers by what they are uncompressed, runs as 65532 and starts node', () => {
    const manifest = JSON.parse(readBlob(readJson('index.json').manifests[0].digest).toString());
    const { rootfs, config } = JSON.parse(readBlob(manifest.config.digest).toString());
    const layers: { digest: string }[] = manifest.layers;
    expect(rootfs.diff_ids).toEqual(layers.map(({ digest }) => `sha256:${sha256(gunzipSync(readBlob(digest)))}`));
    expect(config).toMatchObject({ User: '65532:65532', Entrypoint: image.entrypoint });
    expect(config.Env).toContain('NODE_ENV=production');
  });

  test('says to older docker what it says to OCI', () => {
    const [docker] = readJson('manifest.json');
    const manifest = JSON.parse(readBlob(readJson('index.json').manifests[0].digest).toString());
    const layers: { digest: string }[] = manifest.layers;
    expect(docker.RepoTags).toEqual(['zen-lead:1']);
    expect(docker.Layers).toEqual(layers.map(({ digest }) => `blobs/${digest.replace(':', '/')}`));
  });
});

test('the same files give the same image', () => {
  expect(sha256(writeImage(image))).toBe(sha256(writeImage(image)));
});

test('a tar keeps modes, folders and contents', () => {
  const file = join(directory, 'plain.tar');
  const body = Buffer.from('x'.repeat(513)); // more than a block
  writeFileSync(
    file,
    writeTar([
      { path: 'a/', body: Buffer.alloc(0), mode: 0o1777 },
      { path: 'a/b', body, mode: 0o755 },
    ]),
  );
  const listing = execFileSync('tar', ['-tvf', file], { encoding: 'utf8' });
  expect(listing).toMatch(/^drwxrwxrwt 0\/0 .* a\/\n-rwxr-xr-x 0\/0 +513 .* a\/b\n$/);
  expect(execFileSync('tar', ['-xOf', file, 'a/b'])).toEqual(body);
});

test('a tar holds no time of its making', () => {
  const file = join(directory, 'timeless.tar');
  const body = Buffer.from('x');
  writeFileSync(file, writeTar([{ path: 'a', body, mode: 0o644 }]));
  const environment = { ...process.env, TZ: 'UTC' };
  expect(execFileSync('tar', ['-tvf', file], { encoding: 'utf8', env: environment })).toContain('1970-01-01 00:00');
});

test('a path that does not fit is refused', () => {
  expect(() => writeTar([{ path: 'p'.repeat(101), body: Buffer.alloc(0), mode: 0o644 }])).toThrow(
    /longer than 100 bytes/,
  );
});

test('docker build gets every folder that the bundle is made of', async () => {
  const root = resolve(import.meta.dirname, '../../..');
  const ignore = readFileSync(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8');
  const given = [...ignore.matchAll(/^!(.*)$/gm)].map(([, path = '']) => path);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/zen-lead.ts', 'deploy/image.ts'],
    outdir: 'dist',
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  const needed = Object.keys(metafile.inputs).map((path) => path.split('/')[0] ?? '');
  expect([...new Set(needed)].filter((path) => !given.includes(path))).toEqual([]);
});

test('the Dockerfile starts the image as `npm run image` does', () => {
  const deploy = resolve(import.meta.dirname, '../../../deploy');
  const dockerfile = readFileSync(join(deploy, 'Dockerfile'), 'utf8');
  const source = readFileSync(join(deploy, 'image.ts'), 'utf8');
  const entrypoint = /^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '';
  expect(source).toContain(`entrypoint: ${entrypoint.replaceAll('"', "'")}`);
  for (const [, name, value] of dockerfile.matchAll(/((?:NODE|MALLOC)_\w+)=(\S+)/g)) {
    if (name !== 'NODE_IMAGE') expect(source).toContain(`${name}: '${value}'`);
  }
  expect(dockerfile).toContain('USER 65532:65532');
  // V8 refuses a compile cache that was made under other flags.
  expect(JSON.parse(entrypoint).slice(1, -1)).toEqual(nodeFlags);
});

describe('the program in parts, as the image has it', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const parts = join(directory, 'parts');

  test('loads no package late by its own name, because a part holds a CommonJS package as default alone', () => {
    const late = globSync('{api,apiserver,bridge,cli,functions,lib}/**/*.ts', { cwd: root }).flatMap((file) => {
      const found = readFileSync(join(root, file), 'utf8').match(/\bimport\('[^.'][^']*'\)/g) ?? [];
      return found.filter((each) => !each.includes("'node:")).map((each) => `${file}: ${each}`);
    });
    expect(late).toEqual([]);
  });

  test('reads a file of settings', () => {
    execFileSync('node', ['deploy/bundle.ts', join(parts, 'zen-lead.mjs'), 'zen-lead', 'split'], {
      cwd: root,
      stdio: 'pipe',
    });
    writeFileSync(join(directory, 'zen-lead.yaml'), 'log-level: [');
    const run = spawnSync('node', [join(parts, 'zen-lead.mjs'), 'run', '--config', join(directory, 'zen-lead.yaml')]);
    expect(run.stderr.toString()).toContain('zen-lead.yaml:1: is not YAML');
    expect(run.status).toBe(2);
  });
});
