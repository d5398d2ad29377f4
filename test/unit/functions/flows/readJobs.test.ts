/** Which Jobs a function reads of a flow that no event holds. */

import { describe, expect, it } from 'vitest';
import { jobsInQuestion, readJobs } from '../../../../functions/flows/readJobs.ts';
import type { FlowChange } from '../../../../lib/flow/events/flowEvent.ts';
import type { JsonObject } from '../../../../lib/flow/spec/flowSpec.ts';
import { jobName, label } from '../../../../lib/flow/state/names.ts';
import type { KubeApi, ListQuery } from '../../../../lib/kube/kubeApi.ts';
import { aFlowWorld, aManualStep, aStep } from '../../../support/objects/aFlow.ts';

const signal = AbortSignal.timeout(5_000);

/** Steps a, b, c ... that run at once, as one decision has started them. */
function running(steps: readonly string[], fields: JsonObject = {}) {
  const world = aFlowWorld({ steps: steps.map((name) => aStep(name)), ...fields });
  world.at(0);
  const { flow, record } = world.cluster.snapshot(0);
  if (flow === null) throw new Error('no flow');
  return { flow, record };
}

const letters = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);
const change = (fields: Partial<FlowChange> = {}): FlowChange => ({
  kind: 'Job',
  name: 'nightly-z-1-12345678',
  verb: 'modified',
  ...fields,
});
function asked({ flow, record }: ReturnType<typeof running>, about = change(), manySteps = 0) {
  return jobsInQuestion(flow, record, about, manySteps);
}

describe('the Jobs in question', () => {
  it('are those that run by the record, and the one that has changed', () => {
    const { flow, record } = running(['a', 'b']);
    const names = [jobName(flow, 'a', 1), jobName(flow, 'b', 1)];
    expect(asked({ flow, record })?.toSorted()).toEqual([...names, 'nightly-z-1-12345678'].toSorted());
    expect(asked({ flow, record }, change({ name: names[0] ?? '' }))).toHaveLength(2);
    expect(asked({ flow, record }, change({ kind: 'JobFlowRecord', verb: 'recheck' }))).toEqual(names);
  });

  it.each([
    ['at a resync, which finds what events have missed', running(['a']), change({ verb: 'resync' }), 0],
    ['of a flow of no more steps than many', running(['a', 'b']), change(), 2],
    ['where more run than a list costs', running(letters(17)), change(), 0],
    ['where Jobs go by their age', running(['a'], { executionPolicy: { retainJobs: 'None' } }), change(), 0],
    ['where nothing runs', running([], { steps: [aManualStep('q')] }), change({ kind: 'JobFlow' }), 0],
    ['where there is no record', { ...running(['a']), record: null }, change(), 0],
  ])('are all %s', (_, { flow, record }, about, manySteps) => {
    expect(asked({ flow, record }, about, manySteps)).toBeNull();
  });

  it('are not looked for by what is no name', () => {
    const { flow, record } = running(['a']);
    expect(asked({ flow, record }, change({ name: 'a,metadata.name!=b' }))).toEqual([jobName(flow, 'a', 1)]);
  });
});

describe('a read by name', () => {
  const queries: ListQuery[] = [];
  let at = 40;
  const api = {
    async list(_resource: unknown, _namespace: unknown, query: ListQuery) {
      queries.push(query);
      at += 1;
      return { items: [], resourceVersion: String(at) };
    },
  } as unknown as KubeApi;

  it('asks for Jobs of this flow alone, and is as old as its first answer', async () => {
    const { flow } = running(['a']);
    const { items, revision } = await readJobs(api, flow, ['x', 'y', 'z'], signal);
    expect([items, revision]).toEqual([[], '41']);
    const labelSelector = `${label.flowUid}=${flow.uid}`;
    expect(queries).toEqual(['x', 'y', 'z'].map((name) => ({ fieldSelector: `metadata.name=${name}`, labelSelector })));
  });
});
