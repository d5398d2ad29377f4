/**
 * Tests that another pod takes over when the leader stops being fit, and that no pod leads when
 * there is none. docs/reference/annotations.md#precedence; docs/guarantees.md (S1, S2, S6).
 */

import { describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader, readRoute } from '../support/controlPlane/readRoute.ts';
import { type Pod, type PodOptions, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

/** Creates two Ready pods, of which web-0 leads. */
async function startTwo(pod: Partial<PodOptions> = {}, service = aService()): Promise<[Namespace, Pod, Pod]> {
  const namespace = await world.namespace();
  const first = await startPod(namespace, { ...pod, name: 'web-0' });
  const second = await startPod(namespace, { ...pod, name: 'web-1' });
  await namespace.apply(service);
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  return [namespace, first, second];
}

async function readEpoch(namespace: Namespace): Promise<number> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return Number(slice?.metadata.annotations['zen-lead.io/epoch']);
}

async function readAnnouncedEpoch(namespace: Namespace): Promise<number> {
  return Number((await readService(namespace, 'web-leader'))?.metadata.annotations['zen-lead.io/announced-epoch']);
}

describe('failover', () => {
  test('moves the lead from a NotReady leader, and does not move it back when that one is Ready again', async () => {
    const [namespace, first] = await startTwo();
    const epoch = await readEpoch(namespace);
    // Changes that follow each other faster than they are announced are announced as one.
    await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderElected');
    await expect.poll(() => readAnnouncedEpoch(namespace)).toBe(epoch);
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(await readEpoch(namespace)).toBe(epoch + 1);
    await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderChanged');

    await first.setReady(true);
    await staysSo(() => readLeader(namespace));
    expect(await readEpoch(namespace)).toBe(epoch + 1);
  });

  test('moves the lead when the leader is deleted', async () => {
    const [namespace] = await startTwo();
    await namespace.kubectl('delete', 'pod', 'web-0', '--grace-period=0', '--force');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('moves the lead from a terminating leader at once, although it is still Ready', async () => {
    const [namespace] = await startTwo();
    await namespace.kubectl('delete', 'pod', 'web-0', '--wait=false');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(await namespace.kubectl('get', 'pod', 'web-0')).toContain('Terminating');
  });

  test('does not wait for failover-min-delay when the leader terminates', async () => {
    const [namespace, first] = await startTwo({}, aService({ annotations: { 'failover-min-delay': '1h' } }));
    await first.terminate();
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test.each(['Succeeded', 'Failed'] as const)('moves the lead when the leader has finished as %s', async (phase) => {
    const [namespace, first] = await startTwo();
    await first.setPhase(phase);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('moves the lead when the leader loses the label that the Service selects', async () => {
    const [namespace] = await startTwo();
    await namespace.kubectl('label', '--overwrite', 'pod', 'web-0', 'app=elsewhere');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('moves the lead when the Service selects other pods', async () => {
    const [namespace] = await startTwo();
    await startPod(namespace, { name: 'green-0', labels: { app: 'green' } });
    await namespace.kubectl('patch', 'service', 'web', '--patch', '{"spec":{"selector":{"app":"green"}}}');
    await expect.poll(() => readLeader(namespace)).toBe('green-0');
  });

  test('takes a StatefulSet pod that comes back under the same name for another pod', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const epoch = await readEpoch(namespace);

    await first.kill();
    const second = await startPod(namespace, { name: 'web-0' });
    await expect
      .poll(() => readRoute(namespace, 'web-leader'))
      .toEqual([{ addressType: 'IPv4', pod: 'web-0', address: second.ipv4, ports: ['8080/TCP'] }]);
    const [slice] = await listSlices(namespace, 'web-leader');
    expect(slice?.endpoints[0]?.targetRef?.uid).toBe(second.uid);
    expect(slice?.metadata.annotations['zen-lead.io/leader-pod-uid']).toBe(second.uid);
    expect(await readEpoch(namespace)).toBeGreaterThan(epoch);
  });

  test.each([
    ['a numeric target port', 8080],
    ['a named target port', 'http'],
  ])('routes to no pod when none is Ready, with %s', async (_, targetPort) => {
    const ports = [{ name: 'http', containerPort: 8080 }];
    const [namespace, first, second] = await startTwo(
      { ports },
      aService({ spec: { ports: [{ port: 80, targetPort }] } }),
    );
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await second.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    const [slice] = await listSlices(namespace, 'web-leader');
    expect(slice?.endpoints).toEqual([]);
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NoReadyPods');

    const epoch = await readEpoch(namespace);
    await first.setReady(true);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    expect(await readEpoch(namespace)).toBe(epoch + 1);
  });

  test('routes to no pod when the last one is gone, and elects the next one that comes', async () => {
    const [namespace, first, second] = await startTwo();
    await Promise.all([first.kill(), second.kill()]);
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    // A fast zen-lead sees the pods terminating, a slow one sees them gone; each names its own
    // reason.
    await expect
      .poll(async () => (await listEventReasons(namespace)).join())
      .toMatch(/Warning (NoReadyPods|NoPodsFound)/);
    await startPod(namespace, { name: 'web-2' });
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
  });

  test('counts every election once in a row of failovers', async () => {
    const [namespace, first, second] = await startTwo();
    const start = await readEpoch(namespace);
    for (let round = 1; round <= 6; round += 1) {
      const [leader, next] = round % 2 === 1 ? [first, second] : [second, first];
      await leader.setReady(false);
      await expect.poll(() => readLeader(namespace)).toBe(next.name);
      expect(await readEpoch(namespace)).toBe(start + round);
      await leader.setReady(true);
    }
  });

  test('writes nothing when a pod that does not lead comes and goes', async () => {
    const [namespace, , second] = await startTwo();
    const epoch = await readEpoch(namespace);
    await expect.poll(() => readAnnouncedEpoch(namespace)).toBe(epoch);
    const [before] = await listSlices(namespace, 'web-leader');
    await second.setReady(false);
    await second.setReady(true);
    const third = await startPod(namespace, { name: 'web-2' });
    await third.kill();
    await staysSo(() => readLeader(namespace), 500);
    expect(await listSlices(namespace, 'web-leader')).toEqual([before]);
  });

  test('elects no pod of another namespace, and no pod without an address', async () => {
    const [namespace, other] = [await world.namespace(), await world.namespace()];
    await startPod(other, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1', families: [] });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await staysSo(() => readLeader(namespace));
  });
});
