import { describe, expect, it } from 'vitest';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { aStep } from '../../support/objects/aFlow.ts';
import { runFlows } from './runFlows.ts';

const count = Number(process.env['FLOW_SEEDS'] ?? (process.env['CI'] === undefined ? 60 : 500));
const from = Number(process.env['FLOW_FROM'] ?? 1);
const SEEDS_A_TEST = 20;
const firsts = Array.from({ length: Math.ceil(count / SEEDS_A_TEST) }, (_, index) => from + index * SEEDS_A_TEST);

describe('flows under kills, freezes, losses and people', () => {
  it.each(firsts)('keep Z1 to Z14, and end (L1): 20 seeds from %i', async (first) => {
    for (let seed = first; seed < first + SEEDS_A_TEST; seed += 1) {
      const { violations } = await runFlows(seed);
      expect(violations, `seed ${seed}`).toEqual([]);
    }
  });
});

it('decides on no flow that is older than what its record was decided on, though it reads the flow first', async () => {
  // A person suspends the flow between two reads of a function, and another one decides on that.
  expect((await runFlows(178)).violations).toEqual([]);
});

it('runs one flow of a group, though the one that had its Lease before asks for it again', async () => {
  // A patch that changed nothing let the version stand that another flow had read.
  expect((await runFlows(148)).violations).toEqual([]);
});

it('lets a step run again whose Jobs and record people delete before any status says that it ran', async () => {
  for (const seed of [203_947, 212_098]) expect((await runFlows(seed)).violations, `seed ${seed}`).toEqual([]);
});

it('shows the end of a flow whose status was written last by what had decided on a deleted record', async () => {
  expect((await runFlows(502_934)).violations).toEqual([]);
});

it('a flow whose steps follow each other costs one patch of its record and one Job a step, and no reads', async () => {
  const steps = Array.from({ length: 8 }, (_, index) => `s${index}`);
  const calls: string[] = [];
  const counting = (api: KubeApi): KubeApi => ({
    ...api,
    get(resource, ...rest) {
      calls.push(`get ${resource.plural}`);
      return api.get(resource, ...rest);
    },
    list(resource, ...rest) {
      calls.push(`list ${resource.plural}`);
      return api.list(resource, ...rest);
    },
    create(resource, ...rest) {
      calls.push(`create ${resource.plural}`);
      return api.create(resource, ...rest);
    },
    mergePatch(resource, ...rest) {
      calls.push(`patch ${resource.plural}${resource.subresource === undefined ? '' : '/status'}`);
      return api.mergePatch(resource, ...rest);
    },
  });
  const spec = { steps: steps.map((name, index) => aStep(name, index === 0 ? [] : `s${index - 1}`)) };
  const { violations } = await runFlows(1, { wrapApi: counting, calm: { spec, steps, outcomes: {} } });
  expect(violations).toEqual([]);
  const count = (call: string) => calls.filter((each) => each === call).length;
  expect(count('create jobs')).toBe(steps.length);
  // One more ends the flow.
  expect(count('patch jobflowrecords')).toBe(steps.length + 1);
  expect(calls.filter((call) => /^(get|list) /.test(call))).toEqual([]);
});

it('of a flow that no event holds, the end of a Job costs a read of that Job, and no list of all of them', async () => {
  const steps = Array.from({ length: 12 }, (_, index) => `s${index}`);
  const lists: string[] = [];
  const counting = (api: KubeApi): KubeApi => ({
    ...api,
    list(resource, namespace, query, signal) {
      if (resource.plural === 'jobs') lists.push(query.fieldSelector ?? 'all');
      return api.list(resource, namespace, query, signal);
    },
  });
  const spec = { steps: steps.map((name, index) => aStep(name, index === 0 ? [] : `s${index - 1}`)) };
  // No event of this run has a snapshot.
  const { violations } = await runFlows(3, { wrapApi: counting, calm: { spec, steps, outcomes: {} } });
  expect(violations).toEqual([]);
  // The others are of the start, and of resyncs.
  expect(lists.filter((each) => each === 'all').length).toBeLessThan(steps.length);
  expect(new Set(lists.filter((each) => each !== 'all')).size).toBe(steps.length);
});

it('others are told each change, never before its record', async () => {
  for (let seed = from; seed < from + Math.max(5, count / 10); seed += 1) {
    const { violations } = await runFlows(seed, { isAnnouncing: true });
    expect(violations, `seed ${seed}`).toEqual([]);
  }
});
