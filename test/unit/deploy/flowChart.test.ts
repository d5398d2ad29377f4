/**
 * Tests that the chart gives the processes of flows what it gives the halves of zen-lead, and that
 * it brings the guard of flows.
 */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  build,
  deploy,
  hasHelm,
  hasKubectl,
  isWorkload,
  type Manifest,
  parseManifests,
  renderChart,
} from '../../support/deploy/readManifests.ts';

type Half = Readonly<Record<string, unknown>>;
interface Values {
  readonly bridge: Half;
  readonly functions: Half;
  readonly flow: { readonly bridge: Half; readonly functions: Half; readonly webhooks: Half };
}
interface Policy extends Manifest {
  readonly spec: { readonly policyName?: string; readonly matchResources?: object };
}

const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');
const rendered = (name: string) => parseManifests(read(`helm/rendered/${name}.yaml`));
const withFlows = (...values: readonly string[]) =>
  renderChart('zen-lead', 'zen-lead', ...['flow.enabled=true', ...values].flatMap((each) => ['--set', each]));

describe('a process of flows', () => {
  const values = parse(read('helm/zen-lead/values.yaml')) as Values;
  const example = parse(read('helm/examples/flows-configured.yaml')) as Values;
  const manifests = rendered('flows-configured');

  test('has every value that the halves of zen-lead have', () => {
    const keysOf = (half: Half): readonly string[] => Object.keys(half).sort();
    expect(keysOf(values.flow.bridge)).toEqual(keysOf(values.bridge));
    expect(keysOf(values.flow.functions)).toEqual(keysOf(values.functions));
    expect(keysOf(values.flow.webhooks)).toEqual(expect.arrayContaining([...keysOf(values.functions)]));
  });

  test.each(['bridge', 'functions', 'webhooks'] as const)('%s runs where and as its own values say', (half) => {
    const name = `zen-lead-flow-${half === 'webhooks' ? 'webhook' : half}`;
    const workload = manifests.filter(isWorkload).find(({ metadata }) => metadata.name === name);
    const { extraEnv, podAnnotations, nodeSelector, affinity, tolerations, priorityClassName } = example.flow[half];
    expect(workload?.spec.template.spec).toMatchObject({ nodeSelector, affinity, tolerations, priorityClassName });
    expect(workload?.spec.template.spec.containers).toMatchObject([{ env: extraEnv }]);
    expect(workload?.spec.template.metadata?.annotations).toMatchObject(podAnnotations as object);
    const policy = manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name);
    expect(JSON.stringify(policy)).toContain('{"port":4318,"protocol":"TCP"}');
  });

  test('the bridge resyncs as often as its value says', () => {
    const [bridge] = manifests.filter(isWorkload).filter(({ metadata }) => metadata.name === 'zen-lead-flow-bridge');
    expect(bridge?.spec.template.spec.containers[0]?.args).toContain('--resync-interval-ms=60000');
  });

  test.runIf(hasHelm)('keeps its place where those of zen-lead have another', () => {
    const placed = withFlows(
      'bridge.nodeSelector.disk=ssd',
      'functions.nodeSelector.disk=ssd',
      'flow.webhooks.enabled=true',
    );
    const names = placed
      .filter((each) => JSON.stringify(each).includes('"nodeSelector"'))
      .map(({ metadata }) => metadata.name);
    expect(names.sort()).toEqual(['zen-lead-bridge', 'zen-lead-functions']);
  });

  test.runIf(hasHelm)('is refused a value that no schema has, and a field that Knative takes from no pod', () => {
    for (const half of ['bridge', 'functions', 'webhooks'])
      expect(() => withFlows(`flow.${half}.replica=3`), half).toThrow(/'replica' not allowed/);
    const fieldRef = 'flow.functions.extraEnv[0].valueFrom.fieldRef.fieldPath=metadata.name';
    const variable = ['flow.functions.extraEnv[0].name=POD', fieldRef];
    expect(JSON.stringify(withFlows(...variable))).toContain('"fieldPath":"metadata.name"');
    expect(() => withFlows(...variable, 'mode=knative')).toThrow(/fieldRef/);
  });
});

describe('the guard of flows in the chart', () => {
  const isPolicy = (manifest: Manifest): manifest is Policy =>
    manifest.kind.startsWith('ValidatingAdmissionPolicy') && JSON.stringify(manifest).includes('flow-');
  /** Without the names and labels, which a release chooses. */
  const rulesOf = (manifests: readonly Policy[]) =>
    manifests.map(({ kind, spec }) => ({ kind, spec: { ...spec, policyName: undefined } }));

  test('is deploy/flow/guard, copied; run `npm run helm:render` after a change', () => {
    const files = globSync('*.yaml', { cwd: join(deploy, 'flow/guard'), exclude: ['kustomization.yaml'] }).sort();
    const copies = globSync('*', { cwd: join(deploy, 'helm/zen-lead/files/flow-guard') }).sort();
    expect(copies).toEqual(files);
    for (const file of files)
      expect(read(`helm/zen-lead/files/flow-guard/${file}`), file).toBe(read(`flow/guard/${file}`));
  });

  test.runIf(hasKubectl)('has the rules of deploy/flow/guard, under names of its release', () => {
    const shipped = build(join(deploy, 'flow/guard')).filter(isPolicy);
    const policies = rendered('flows').filter(isPolicy);
    expect(policies).toHaveLength(shipped.length);
    expect(rulesOf(policies)).toEqual(expect.arrayContaining(rulesOf(shipped)));
    for (const { kind, metadata, spec } of policies) {
      expect(metadata.name).toMatch(/^zen-lead-zen-lead-flow-/);
      if (kind === 'ValidatingAdmissionPolicyBinding') expect(spec.policyName).toBe(metadata.name);
    }
  });

  test('holds in the served namespaces, where those are some', () => {
    const bindings = rendered('flows-knative')
      .filter(isPolicy)
      .filter(({ spec }) => spec.policyName !== undefined);
    expect(bindings.length).toBeGreaterThan(0);
    const matchExpressions = [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team-a'] }];
    for (const { spec } of bindings) expect(spec.matchResources).toEqual({ namespaceSelector: { matchExpressions } });
  });

  test.runIf(hasHelm)('comes where the API server has the kind, and goes where it is not wanted', () => {
    const countPolicies = (...values: readonly string[]): number => withFlows(...values).filter(isPolicy).length;
    expect(countPolicies()).toBeGreaterThan(0);
    expect(countPolicies('flow.guard.enabled=false')).toBe(0);
    expect(renderChart('zen-lead', 'zen-lead').filter(isPolicy)).toEqual([]);
    const old = ['--set', 'flow.enabled=true', '--api-versions', 'v1/Pod'];
    expect(renderChart('zen-lead', 'zen-lead', ...old).filter(isPolicy)).toEqual([]);
  });
});
