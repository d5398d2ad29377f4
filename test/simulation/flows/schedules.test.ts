import { describe, expect, it } from 'vitest';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { runSchedules } from './runSchedules.ts';

const count = Number(process.env['FLOW_SEEDS'] ?? (process.env['CI'] === undefined ? 5 : 60));
const from = Number(process.env['FLOW_FROM'] ?? 1);
const SEEDS_A_TEST = 5;
const firsts = Array.from({ length: Math.ceil(count / SEEDS_A_TEST) }, (_, index) => from + index * SEEDS_A_TEST);

describe('schedules under kills, freezes, losses, clocks that differ, and people', () => {
  it.each(firsts)('make one flow for each minute, and none that is yet to come: 5 seeds from %i', async (first) => {
    for (let seed = first; seed < first + SEEDS_A_TEST; seed += 1)
      expect((await runSchedules(seed)).violations, `seed ${seed}`).toEqual([]);
  });
});

/** As if no flow were there, whatever was made. */
const withoutRuns = (api: KubeApi): KubeApi => ({
  ...api,
  async list(resource, ...rest) {
    const page = await api.list(resource, ...rest);
    return resource.plural === 'jobflows' ? { ...page, items: [] } : page;
  },
});

/** As if every status were written at once. */
const withoutStatus = (api: KubeApi): KubeApi => ({
  ...api,
  async mergePatch(resource, namespace, name, patch, signal) {
    if (resource.plural !== 'jobflowschedules') return api.mergePatch(resource, namespace, name, patch, signal);
    return patch;
  },
});

/** The flow is made at once, also where only one may run. */
const withoutReservation = (api: KubeApi): KubeApi => ({
  ...api,
  async mergePatch(resource, namespace, name, patch, signal) {
    const { status } = Object(patch);
    const reserves = resource.plural === 'jobflowschedules' && Object(status)['conditions'] === undefined;
    return reserves
      ? api.get(resource, namespace, name, signal)
      : api.mergePatch(resource, namespace, name, patch, signal);
  },
});

it.each([
  ['the list of its flows', withoutRuns, 1],
  ['the time in its status', withoutStatus, 1],
  ['the time that is about to start', withoutReservation, 10],
])('without %s some schedule goes wrong, and the same run with it does not', async (_, wrapApi, known) => {
  for (const seed of [known, ...Array.from({ length: 60 }, (_each, index) => index + 1)]) {
    if ((await runSchedules(seed, { wrapApi })).violations.length === 0) continue;
    expect((await runSchedules(seed)).violations, `seed ${seed}`).toEqual([]);
    return;
  }
  expect.fail('no seed failed without it');
});
