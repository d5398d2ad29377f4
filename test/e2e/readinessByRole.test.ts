/**
 * Tests a workload whose readiness gate follows the lead: `zen-lead.io/candidate-condition`.
 * docs/reference/annotations.md#readiness-by-role
 */

import { expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

/** Writes what a kubelet does while a gate is closed: not Ready, whatever the containers are. */
async function setContainersReady(namespace: Namespace, pod: string, ready: boolean): Promise<void> {
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = [
    { type: 'ContainersReady', status: ready ? 'True' : 'False', lastTransitionTime },
    { type: 'Ready', status: 'False', lastTransitionTime },
  ];
  await namespace.request('PATCH', `${namespace.core('pods')}/${pod}/status`, { status: { conditions } });
}

test('pods whose gate is closed lead by ContainersReady, and not by Ready', async () => {
  const namespace = await world.namespace();
  for (const name of ['web-0', 'web-1']) {
    await startPod(namespace, { name, ready: false });
    await setContainersReady(namespace, name, true);
  }
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('no pod');
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/candidate-condition=ContainersReady');
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await setContainersReady(namespace, 'web-0', false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  await setContainersReady(namespace, 'web-0', true);
  expect(await staysSo(() => readLeader(namespace))).toBe('web-1');
});
