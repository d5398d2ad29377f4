/**
 * Tests where the rights that `deploy/` gives hold: in the namespaces that zen-lead serves, and
 * everywhere only where that is asked for.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { canRun } from '../../support/canRun.ts';
import { buildWith } from '../../support/deploy/readManifests.ts';

const deploy = resolve(import.meta.dirname, '../../../deploy');
const hasKubectl = canRun('kubectl');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly object[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
}

const ways = ['kubernetes', 'one', 'knative', 'api'] as const;
const own = { kubernetes: 'kubernetes', one: 'kubernetes/one', knative: 'knative', api: 'api' } as const;
const itsNamespace = { fieldRef: { fieldPath: 'metadata.namespace' } };
/** A review is in no namespace, so the api keeps this one. */
const reviews = 'zen-lead-api-reviews';

describe.runIf(hasKubectl).each(ways)('%s, by kustomize', (way) => {
  const namespaced = build(own[way]);
  const clusterWide = build(`cluster-wide/${way}`);

  test('serves the namespace zen-lead, with Roles there', () => {
    expect(namesOf(namespaced, 'ClusterRole')).toEqual(way === 'api' ? [reviews] : []);
    expect(namesOf(namespaced, 'ClusterRoleBinding')).toEqual(way === 'api' ? [reviews] : []);
    expect(listServed(namespaced)).toEqual([{ name: 'WATCH_NAMESPACE', valueFrom: itsNamespace }]);
    for (const { kind, metadata } of namespaced)
      if (kind === 'Role' || kind === 'RoleBinding') expect(metadata.namespace).toBe('zen-lead');
  });

  test('serves every namespace in its overlay of deploy/cluster-wide, by the same rules', () => {
    expect(listServed(clusterWide)).toEqual([{ name: 'WATCH_NAMESPACE', value: '' }]);
    const given = listRights(clusterWide).filter(({ name }) => name !== reviews && name !== 'zen-lead-bridge');
    expect(given.length).toBeGreaterThan(0);
    for (const { kind, binding } of given) expect([kind, binding]).toEqual(['ClusterRole', 'ClusterRole']);
    const toRules = (manifests: readonly Manifest[]) => listRights(manifests).map(({ name, rules }) => [name, rules]);
    expect(toRules(clusterWide).sort()).toEqual(toRules(namespaced).sort());
  });
});

describe('the chart', () => {
  test.each(['deployments', 'knative', 'one'])('serves the namespace of the release in mode %s', (name) => {
    const manifests = readRendered(name);
    expect(namesOf(manifests, 'ClusterRole')).toEqual([]);
    expect(namesOf(manifests, 'ClusterRoleBinding')).toEqual([]);
    expect(listArguments(manifests)).toEqual(['--namespace=zen-lead']);
  });

  test('serves every namespace where clusterWide is set, by the same rules', () => {
    const manifests = readRendered('cluster-wide');
    expect(namesOf(manifests, 'ClusterRole')).toEqual(['zen-lead-watches-zen-lead', 'zen-lead-writes-zen-lead']);
    expect(listArguments(manifests)).toEqual([]);
    const rules = listRights(readRendered('deployments')).map(({ rules: each }) => each);
    expect(listRights(manifests).map(({ rules: each }) => each)).toEqual(rules);
  });

  test('serves the namespaces that are named, with a Role in each', () => {
    const manifests = readRendered('namespaced');
    expect(listArguments(manifests)).toEqual(['--namespace=team-a', '--namespace=team-b']);
    expect(namesOf(manifests, 'ClusterRole')).toEqual([]);
  });
});

test.runIf(hasKubectl)('deploy/rights and the chart give the same rights', () => {
  const rulesOf = (manifests: readonly Manifest[], kind: string) =>
    listRights(manifests).find(({ name }) => name === kind)?.rules;
  const rights = build('rights');
  const chart = readRendered('deployments');
  for (const name of ['zen-lead-watches', 'zen-lead-writes']) {
    expect(rulesOf(rights, name)).toBeDefined();
    expect(rulesOf(rights, name)).toEqual(rulesOf(chart, name));
  }
});

test.runIf(hasKubectl)('scale-down has the same rights and the flag in every way of running', () => {
  const rulesIn = (manifests: readonly Manifest[]) =>
    listRights(manifests).find(({ name }) => /-scale(s|-down)$/.test(name))?.rules;
  const rights = rulesIn(build('rights/scale-down'));
  expect(rights).toBeDefined();
  for (const name of ['scaling', 'scaling-in-one']) {
    expect(rulesIn(readRendered(name))).toEqual(rights);
    const flagged = listContainers(readRendered(name)).filter(({ args = [] }) => args.includes('--scale-down'));
    expect(flagged).toHaveLength(1);
  }
  for (const way of ['kubernetes', 'kubernetes/one', 'knative']) {
    const manifests = buildWith('components/scale-down', way);
    const flagged = manifests.filter((each) => JSON.stringify(each).includes('"--scale-down"'));
    expect(flagged.map(({ metadata }) => metadata.name)).toEqual([
      way.endsWith('one') ? 'zen-lead' : 'zen-lead-functions',
    ]);
  }
});

function namesOf(manifests: readonly Manifest[], kind: string): readonly string[] {
  return manifests.filter((manifest) => manifest.kind === kind).map(({ metadata }) => metadata.name);
}

/** What names the served namespaces in the containers that watch. */
function listServed(manifests: readonly Manifest[]): readonly object[] {
  return listContainers(manifests).flatMap(({ env = [] }) => env.filter(({ name }) => name === 'WATCH_NAMESPACE'));
}

function listArguments(manifests: readonly Manifest[]): readonly string[] {
  return listContainers(manifests).flatMap(({ args = [] }) => args.filter((arg) => arg.startsWith('--namespace')));
}

function listContainers(manifests: readonly Manifest[]): readonly Container[] {
  return manifests.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
}

function listRights(manifests: readonly Manifest[]) {
  return manifests
    .filter(({ rules }) => rules !== undefined)
    .map(({ kind, metadata, rules }) => ({
      kind,
      name: metadata.name,
      rules,
      binding: manifests.find(({ roleRef }) => roleRef?.kind === kind && roleRef.name === metadata.name)?.roleRef?.kind,
    }));
}

function build(path: string): readonly Manifest[] {
  return parse(execFileSync('kubectl', ['kustomize', join(deploy, path)], { encoding: 'utf8' }));
}

function readRendered(name: string): readonly Manifest[] {
  return parse(readFileSync(join(deploy, 'helm/rendered', `${name}.yaml`), 'utf8'));
}

function parse(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}
