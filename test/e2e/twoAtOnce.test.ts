/**
 * Tests two `zen-lead run` on one cluster, as during a rollout or by mistake. docs/guarantees.md
 * (S3, S9).
 */

import { afterEach, expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { watchRoutes } from '../support/controlPlane/watchRoutes.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const controlPlane = useControlPlane();
let both: readonly ZenLead[] = [];

afterEach(async () => {
  await Promise.all(both.map(({ process }) => process.stop('SIGKILL')));
});

test.each([
  ['that share a Lease', []],
  ['that know nothing of each other', ['--no-lease']],
])('two %s elect once a failover, move the route once, and announce it once', async (how, flags) => {
  const name = how.replaceAll(' ', '-').toLowerCase();
  both = await Promise.all([1, 2].map((each) => startZenLead(controlPlane(), `zen-lead-${name}-${each}`, ...flags)));
  const namespace = await createNamespace(controlPlane(), name);
  const first = await startPod(namespace, { name: 'web-0' });
  const second = await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await expect.poll(() => isAnnounced(namespace)).toBe(true);
  const start = await readEpoch(namespace);
  const watched = await watchRoutes(controlPlane(), namespace, 'web-leader');

  const rounds = 8;
  for (let round = 1; round <= rounds; round += 1) {
    const [leader, next] = round % 2 === 1 ? [first, second] : [second, first];
    await leader.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe(next.name);
    await expect.poll(() => isAnnounced(namespace)).toBe(true);
    expect(await readEpoch(namespace)).toBe(start + round);
    await leader.setReady(true);
  }
  await staysSo(async () => (await listSlices(namespace, 'web-leader'))[0]?.metadata.resourceVersion);
  await watched.close();

  const moves = watched.seen().filter((route, index, all) => route !== all[index - 1]);
  expect(moves).toHaveLength(1 + rounds);
  const changes = (await listEvents(namespace)).filter(({ reason }) => reason === 'LeaderChanged');
  expect(changes).toHaveLength(rounds);
});

async function readEpoch(namespace: Namespace): Promise<number> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return Number(slice?.metadata.annotations['zen-lead.io/epoch']);
}

async function isAnnounced(namespace: Namespace): Promise<boolean> {
  const service = await readService(namespace, 'web-leader');
  return service?.metadata.annotations['zen-lead.io/announced-epoch'] === String(await readEpoch(namespace));
}
