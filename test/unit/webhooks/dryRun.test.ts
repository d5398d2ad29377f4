import { describe, expect, it } from 'vitest';
import { ZenLeadError } from '../../../lib/errors.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { createDryRun } from '../../../webhooks/dryRunTemplates.ts';
import { aSpec, aStep } from '../../support/objects/aFlow.ts';

const review = { uid: '1', operation: 'CREATE', namespace: 'data', name: 'f', user: '', object: null, oldObject: null };

function limited(memory: string): JsonObject {
  const containers = [{ name: 'm', image: 'x', resources: { limits: { memory } } }];
  return { spec: { template: { spec: { restartPolicy: 'Never', containers } } } };
}

async function tryFlow(steps: readonly JsonObject[], tried: object[] = []) {
  const create = async (_resource: unknown, _namespace: unknown, object: object): Promise<object> => {
    tried.push(object);
    if (/"memory":"[^0-9]/.test(JSON.stringify(object)))
      throw new ZenLeadError('KUBE_INVALID', 'quantities must match a regular expression', { retry: 'never' });
    return object;
  };
  return createDryRun({ create } as unknown as KubeApi)(review, aSpec({ steps }), new AbortController().signal);
}

const gives = aStep('a', [], { outputs: { parameters: [{ name: 'mem', valueFrom: { terminationMessage: {} } }] } });
const reads = { inputs: { parameters: [{ name: 'mem', valueFrom: { output: { step: 'a', name: 'mem' } } }] } };

describe('the dry run of a Job', () => {
  it('refuses a flow whose Job the API server does not take', async () => {
    const { refused } = await tryFlow([aStep('a', [], { template: limited('much') })]);
    expect(refused).toMatchObject([{ path: 'spec.steps[0].template' }]);
  });

  it('only warns where the Job names what a step is yet to give', async () => {
    const { refused, warnings } = await tryFlow([
      gives,
      aStep('b', 'a', { ...reads, template: limited(`\${parameters.mem}`) }),
    ]);
    expect(refused).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('quantities must match')]);
  });

  it('refuses where it has such an input, and names it nowhere', async () => {
    const { refused } = await tryFlow([gives, aStep('b', 'a', { ...reads, template: limited('much') })]);
    expect(refused).toMatchObject([{ path: 'spec.steps[1].template' }]);
  });

  it('tries a Job whose items nobody knows yet', async () => {
    const tried: object[] = [];
    const forEach = { from: '[string(int(steps.a.outputs.mem))]' };
    expect(await tryFlow([gives, aStep('b', 'a', { forEach, template: limited('1Gi') })], tried)).toEqual({
      refused: [],
      warnings: [],
    });
    expect(tried).toHaveLength(2);
  });
});
