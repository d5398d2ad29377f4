/**
 * Tests what becomes of a leader that was left, with `zen-lead.io/on-demote`: a real API server
 * evicts it, deletes it, or refuses. docs/reference/annotations.md#the-old-leader
 */

import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { listSlices } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
const podSchema = z.object({ metadata: z.object({ uid: z.string(), deletionTimestamp: z.string().optional() }) });

/** Creates two Ready pods, of which web-0 leads. */
async function startTwo(mode: string): Promise<[Namespace, Pod, Pod]> {
  const namespace = await world.namespace();
  const first = await startPod(namespace, { name: 'web-0' });
  const second = await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService({ annotations: { 'on-demote': mode } }));
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  return [namespace, first, second];
}

async function isTerminating(namespace: Namespace, name: string): Promise<boolean> {
  const pod = podSchema.parse(await namespace.request('GET', `${namespace.core('pods')}/${name}`));
  return pod.metadata.deletionTimestamp !== undefined;
}

async function readState(namespace: Namespace): Promise<unknown> {
  const [slice] = await listSlices(namespace, 'web-leader');
  const text = slice?.metadata.annotations['zen-lead.io/demotion'];
  return text === undefined ? undefined : z.object({ state: z.string() }).parse(JSON.parse(text)).state;
}

const notes = async (namespace: Namespace): Promise<readonly string[]> =>
  (await listEvents(namespace)).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);

test.each(['evict', 'delete'])('ends a leader that was left because it was not Ready: %s', async (mode) => {
  const [namespace, first] = await startTwo(mode);
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  await expect.poll(() => isTerminating(namespace, 'web-0')).toBe(true);
  await expect.poll(() => readState(namespace)).toBe('done');
  const verb = mode === 'evict' ? 'Evicted' : 'Deleted';
  await expect
    .poll(() => notes(namespace))
    .toContainEqual(expect.stringMatching(`^Normal LeaderDemoted: ${verb} pod "web-0"`));
  expect(await isTerminating(namespace, 'web-1')).toBe(false);
});

test('leaves the pod alone where a PodDisruptionBudget refuses its eviction, and says so', async () => {
  const [namespace, first] = await startTwo('evict');
  const budgets = `/apis/policy/v1/namespaces/${namespace.name}/poddisruptionbudgets`;
  await namespace.request('POST', budgets, {
    metadata: { name: 'web' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
  });
  // As the disruption controller writes it where one of two pods is not Ready.
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: 0,
    currentHealthy: 1,
    desiredHealthy: 2,
    expectedPods: 2,
  };
  await namespace.request('PATCH', `${budgets}/web/status`, { status });

  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  await expect.poll(() => readState(namespace)).toBe('refused');
  await expect
    .poll(() => notes(namespace))
    .toContainEqual(
      expect.stringMatching(/^Warning DemotionRefused: Pod "web-0", which was left, stays: .*disruption budget/),
    );
  await staysSo(() => isTerminating(namespace, 'web-0'));
  expect(await isTerminating(namespace, 'web-0')).toBe(false);
});

test('leaves a pod alone that was left for a pin', async () => {
  const [namespace] = await startTwo('delete');
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/pin-leader=web-1');
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  await staysSo(() => isTerminating(namespace, 'web-0'));
  expect(await readState(namespace)).toBeUndefined();
});
