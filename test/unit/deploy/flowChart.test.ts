/**
 * Tests that the chart gives the processes of flows what it gives the halves of zen-lead.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { deploy, hasHelm, isWorkload, parseManifests, renderChart } from '../../support/deploy/readManifests.ts';

type Half = Readonly<Record<string, unknown>>;
interface Values {
  readonly bridge: Half;
  readonly functions: Half;
  readonly flow: { readonly bridge: Half; readonly functions: Half; readonly webhooks: Half };
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
