/**
 * Proves that the simulation of flows bites: with one fence taken away, some seed fails by what the
 * fence protects, and the same run with it in place passes.
 */

import { expect, it } from 'vitest';
import type { FlowEvent } from '../../../lib/flow/events/flowEvent.ts';
import { jobFlowRecords, jobFlows, type KubeApi } from '../../../lib/kube/kubeApi.ts';
import { type FlowFence, runFlows } from './runFlows.ts';

interface RemovedFence {
  readonly name: string;
  readonly fence: FlowFence;
  readonly noticedBy: readonly string[];
  /** Tried first. */
  readonly knownSeed?: number;
}

const isRecord = (plural: string): boolean => plural === jobFlowRecords.plural;

/** Of what was decided on. The uid stays, and so does the check that a patch has a version. */
const withoutVersion = (api: KubeApi): KubeApi => ({
  ...api,
  async mergePatch(resource, namespace, name, patch, signal) {
    if (!isRecord(resource.plural)) return api.mergePatch(resource, namespace, name, patch, signal);
    const { metadata, ...rest } = Object(patch);
    return api.mergePatch(
      resource,
      namespace,
      name,
      { ...rest, metadata: { ...metadata, resourceVersion: '0' } },
      signal,
    );
  },
});

/** Says that the record was written, and writes it while the Jobs are being made. */
const withoutRecordFirst = (api: KubeApi): KubeApi => ({
  ...api,
  async mergePatch(resource, namespace, name, patch, signal) {
    const written = api.mergePatch(resource, namespace, name, patch, signal);
    if (!isRecord(resource.plural)) return written;
    written.catch(() => undefined);
    return patch;
  },
});

/** A read of the Jobs may miss the newest of them, as one from a cache does. */
const withoutConsistentRead = (api: KubeApi): KubeApi => ({
  ...api,
  async list(resource, namespace, query, signal) {
    const page = await api.list(resource, namespace, query, signal);
    return resource.plural === 'jobs' ? { ...page, items: page.items.slice(0, -1) } : page;
  },
});

/** A lost record is built again by the Jobs alone. */
const withoutStatus = (api: KubeApi): KubeApi => ({
  ...api,
  async get(resource, namespace, name, signal) {
    const found = await api.get(resource, namespace, name, signal);
    return resource.plural === jobFlows.plural ? { ...Object(found), status: undefined } : found;
  },
});

/** As if no event were ever late, and no decision too old to be written. */
const withoutDeadline = (event: FlowEvent): FlowEvent => ({
  ...event,
  data: { ...event.data, deadline: Number.POSITIVE_INFINITY },
});

/** As if a snapshot that shows no record counted as long as any. */
const withoutShortLife = (event: FlowEvent): FlowEvent => ({
  ...event,
  data: { ...event.data, deadline: event.data.deadline + (event.data.snapshot?.record === null ? 2_500 : 0) },
});

const removed: readonly RemovedFence[] = [
  { name: 'the version of the record', fence: { wrapApi: withoutVersion }, noticedBy: ['Z5', 'Z7', 'Z1', 'Z3'] },
  { name: 'the record before the Job', fence: { wrapApi: withoutRecordFirst }, noticedBy: ['Z1'] },
  {
    name: 'the consistent read',
    fence: { wrapApi: withoutConsistentRead },
    noticedBy: ['Z2', 'Z1', 'Z3'],
    knownSeed: 6,
  },
  { name: 'the status, where a record was lost', fence: { wrapApi: withoutStatus }, noticedBy: ['Z1'], knownSeed: 76 },
  {
    name: 'the short life of a snapshot that shows no record',
    fence: { onEvent: withoutShortLife },
    noticedBy: ['Z1', 'once'],
    knownSeed: 995_980,
  },
  { name: 'the deadline of a snapshot', fence: { onEvent: withoutDeadline }, noticedBy: ['Z4'] },
  {
    name: 'the age of what a watch shows',
    fence: { deps: { isFresh: () => true } },
    noticedBy: ['Z5', 'Z1', 'Z3', 'Z11'],
  },
];

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

it.each(removed)(
  'without $name some run of flows fails, and the same run with it does not',
  async ({ fence, noticedBy, knownSeed = 1 }) => {
    for (const seed of [knownSeed, ...SEEDS]) {
      const [violation] = (await runFlows(seed, fence)).violations;
      if (violation === undefined || !noticedBy.some((name) => violation.startsWith(name))) continue;
      expect((await runFlows(seed)).violations, `seed ${seed}`).toEqual([]);
      return;
    }
    expect.fail(`no seed of ${SEEDS.length} failed without it`);
  },
);
