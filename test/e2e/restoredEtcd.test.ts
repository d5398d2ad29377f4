/**
 * Tests a running zen-lead while the API server restarts with its version, and while etcd is
 * restored from an older backup. docs/guarantees.md (S8, S9), docs/architecture.md#bridge.
 */

import { expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead } from '../support/programs/spawnZenLead.ts';

const controlPlane = useControlPlane({ controllerManager: false });
/**
 * Far less than the 90 s after which a silent watch is given up: the bridge notices sooner that its
 * version is from the future.
 */
const healing = { timeout: 20_000 };

async function isAnnounced(namespace: Namespace): Promise<boolean> {
  const service = await readService(namespace, 'web-leader');
  const [slice] = await listSlices(namespace, 'web-leader');
  const epoch = slice?.metadata.annotations['zen-lead.io/epoch'];
  return epoch !== undefined && service?.metadata.annotations['zen-lead.io/announced-epoch'] === epoch;
}

test('after a restore of etcd from before the last failover, nothing moves on what was seen before, and the next loss is served', async () => {
  const namespace = await createNamespace(controlPlane(), `restored-${Date.now()}`);
  const first = await startPod(namespace, { name: 'web-0' });
  const second = await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  const zenLead = await startZenLead(controlPlane(), 'zen-lead');
  try {
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => isAnnounced(namespace)).toBe(true);
    // Making the backup is a restart with an unchanged version.
    const restore = await controlPlane().backUpEtcd();
    expect(await staysSo(() => readLeader(namespace), 2_000)).toBe('web-0');
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace), healing).toBe('web-1');
    await expect.poll(() => isAnnounced(namespace)).toBe(true);
    // The restored server will not reach these versions for a while.
    for (let n = 0; n < 50; n += 1) await second.setReady(n % 2 === 1);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');

    await restore();
    // In the backup web-0 leads and is Ready; zen-lead has seen it lost, in a world that is gone.
    expect(await staysSo(() => readLeader(namespace), 5_000)).toBe('web-0');
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace), healing).toBe('web-1');
    await expect.poll(() => zenLead.isReady(), healing).toBe(true);
    // A resync alone does not do this: its watches are well again.
    await first.setReady(true);
    await second.setReady(false);
    await expect.poll(() => readLeader(namespace), { timeout: 10_000 }).toBe('web-0');
    expect(zenLead.process.ended()).toBeUndefined();
  } finally {
    await zenLead.process.stop('SIGKILL');
  }
}, 200_000);
