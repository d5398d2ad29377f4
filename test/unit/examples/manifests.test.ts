/**
 * Holds the manifests of examples/ against what zen-lead reads, and against each other.
 *
 * Does not guarantee that they run: the cluster suite runs those in folders, and the e2e suite
 * applies the others.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseMembers } from '../../../examples/postgresql/promote/members.ts';
import { annotation } from '../../../lib/selection/names.ts';
import { parseSettings } from '../../../lib/selection/settings.ts';

const root = resolve(import.meta.dirname, '../../..');
const files = globSync('examples/**/*.yaml', { cwd: root }).sort();

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly securityContext?: object;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  /** A kustomization has none. */
  readonly metadata?: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly targetPort?: string | number }[];
    readonly replicas?: number;
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly Container[] };
    };
  };
}

function readManifests(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(join(root, file), 'utf8')).map((document) => {
    expect(document.errors, file).toEqual([]);
    return document.toJS() as Manifest;
  });
}

describe.each(files)('%s', (file) => {
  const manifests = readManifests(file);

  test('uses annotations that zen-lead can read', () => {
    const known: readonly string[] = Object.values(annotation);
    for (const { metadata } of manifests) {
      const annotations = metadata?.annotations ?? {};
      const ours = Object.keys(annotations).filter((name) => name.startsWith('zen-lead.io/'));
      expect(known).toEqual(expect.arrayContaining(ours));
      expect(parseSettings(annotations).unreadable).toEqual([]);
    }
  });

  test('has a workload for each Service, with the ports that it names', () => {
    const templates = manifests.flatMap(({ spec }) => spec?.template ?? []);
    for (const { apiVersion, kind, spec } of manifests) {
      if (`${apiVersion}/${kind}` !== 'v1/Service' || spec.selector === undefined || templates.length === 0) continue;
      const selector = Object.entries(spec.selector);
      const selected = templates.filter(({ metadata }) =>
        selector.every(([name, value]) => metadata.labels[name] === value),
      );
      expect(selected).not.toEqual([]);
      const names = selected.flatMap((each) => each.spec.containers.flatMap(({ ports = [] }) => ports));
      for (const { targetPort } of spec.ports ?? [])
        if (typeof targetPort === 'string') expect(names.map(({ name }) => name)).toContain(targetPort);
    }
  });

  test('runs programs that are in the image', () => {
    for (const { spec } of manifests)
      for (const { command = [] } of spec?.template?.spec.containers ?? [])
        for (const path of command.filter((word) => word.startsWith('/app/')))
          expect(existsSync(join(root, 'examples', path.slice('/app/'.length))), path).toBe(true);
  });
});

test('each PostgreSQL instance of the StatefulSet is a member, by the name that its Service gives it', () => {
  const manifests = ['postgresql', 'promote'].flatMap((name) => readManifests(`examples/postgresql/${name}.yaml`));
  const members = parseMembers(manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['MEMBERS'] ?? '');
  const replicas = manifests.find(({ kind }) => kind === 'StatefulSet')?.spec.replicas ?? 0;
  expect(members.map(({ name, host }) => [name, host])).toEqual(
    Array.from({ length: replicas }, (_, index) => [`postgres-${index}`, `postgres-${index}.postgres-members`]),
  );
});
