/**
 * Tests the lines of the Day-0 contract that the manifests decide.
 * docs/how-to/integrate.md#the-day-0-contract
 */

import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { canRun } from '../../support/canRun.ts';

const deploy = resolve(import.meta.dirname, '../../../deploy');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

/** Rights to end pods, the kind ManualLock and the webhooks of flows have values of their own. */
const askedFor = ['demoting', 'claiming', 'flows-checked', 'flows-cert-manager', 'flows-configured'];
const ways: readonly (readonly [string, () => string])[] = [
  ...(canRun('kubectl')
    ? [
        'kubernetes',
        'kubernetes/one',
        'knative',
        'api',
        ...globSync('cluster-wide/*', { cwd: deploy, exclude: ['**/locks'] }),
      ].map(
        (path) =>
          [path, () => execFileSync('kubectl', ['kustomize', join(deploy, path)], { encoding: 'utf8' })] as const,
      )
    : []),
  ...globSync('helm/rendered/*.yaml', { cwd: deploy, exclude: askedFor.map((name) => `**/${name}.yaml`) }).map(
    (path) => [path, () => readFileSync(join(deploy, path), 'utf8')] as const,
  ),
];

describe.each(ways)('deploy/%s', (_path, read) => {
  const manifests: readonly Manifest[] = parseAllDocuments(read())
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
  const kinds = manifests.map(({ kind }) => kind);

  test('brings no CustomResourceDefinition', () => {
    expect(kinds).not.toContain('CustomResourceDefinition');
  });

  test('brings no admission webhook', () => {
    expect(kinds.filter((kind) => kind.endsWith('WebhookConfiguration'))).toEqual([]);
    expect(kinds.filter((kind) => kind.startsWith('MutatingAdmissionPolicy'))).toEqual([]);
  });

  test('gives no right to write a pod', () => {
    for (const { resources, verbs } of manifests.flatMap(({ rules = [] }) => rules)) {
      if (!resources.some((resource) => resource.split('/')[0] === 'pods')) continue;
      expect(['get', 'list', 'watch']).toEqual(expect.arrayContaining([...verbs]));
    }
  });
});
