/**
 * Tests that what the Makefile, CI and RELEASING.md call is there.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts, version } = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly version: string;
};

/** The targets that the roadmap of the Go zen-flow asks for. */
const roadmap = [
  'build-release',
  'build-image-multiarch',
  'test-e2e',
  'test-load',
  'validate-examples',
  'helm-lint',
  'helm-package',
];

const callers = ['Makefile', 'RELEASING.md', '.ci/run'];

it.each(callers)('%s calls npm scripts and names files that are there', (path) => {
  const text = read(path);
  const called = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  expect(called.length).toBeGreaterThan(0);
  for (const name of called) expect(scripts).toHaveProperty([name]);
  for (const [, file = ''] of text.matchAll(/(?:-k|-f|lint --strict) (deploy\/[\w/-]+)/g))
    expect(existsSync(join(root, file)), file).toBe(true);
});

it('the Makefile has the words that Go people type', () => {
  const targets = [...read('Makefile').matchAll(/^([\w-]+):/gm)].map(([, name]) => name);
  expect(targets).toEqual(expect.arrayContaining(['build', 'test', 'lint', 'docker-build', 'deploy', ...roadmap]));
});

it.each(roadmap)('%s is an npm script, and the target of the Makefile does nothing but call it', (name) => {
  expect(scripts).toHaveProperty([name]);
  const [, recipe = ''] = new RegExp(`^${name}:.*\n((?:\t.*\n)*)`, 'm').exec(read('Makefile')) ?? [];
  expect(recipe).toBe(`\tnpm run ${name}\n`);
});

it('chart, krew manifest and package have one version', () => {
  const krew = parse(read('deploy/krew/zen-lead.yaml')) as {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly version: string; readonly platforms: readonly { readonly uri: string }[] };
  };
  expect(krew.metadata.name).toBe('zen-lead');
  expect(krew.spec.version).toBe(`v${version}`);
  for (const { uri } of krew.spec.platforms) expect(uri).toContain(`/v${version}/`);
  expect(parse(read('deploy/helm/zen-lead/Chart.yaml'))).toMatchObject({ version, appVersion: version });
});
