/**
 * Tests what happens by the passing of time alone, without another event.
 * docs/reference/annotations.md: min-ready-duration, failover-min-delay.
 */

import { describe, expect, test } from 'vitest';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
/**
 * Conditions have whole seconds, rounded down: what is counted from them may end that much earlier.
 */
const secondMs = 1_000;

describe('timers', () => {
  test('a pod leads once it has been Ready for min-ready-duration, without another event', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0', ready: false });
    await namespace.apply(aService({ annotations: { 'min-ready-duration': '4s' } }));
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    const readyAt = Date.now();
    await pod.setReady(true);
    await staysSo(() => readLeader(namespace));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    expect(Date.now() - readyAt).toBeGreaterThanOrEqual(4_000 - secondMs);
    // by its own timer, not by the resync of 30 s
    expect(Date.now() - readyAt).toBeLessThan(12_000);
  });

  test('a follower that has not been Ready for long enough takes over when it has been, without another event', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/min-ready-duration=4s');
    await startPod(namespace, { name: 'web-1' });
    const startedAt = Date.now();
    await first.kill();
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(4_000 - secondMs);
    expect(Date.now() - startedAt).toBeLessThan(12_000);
  });

  test('a pod that flaps before min-ready-duration is over waits for it again', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { 'min-ready-duration': '4s' } }));
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await pod.setReady(false);
    await pod.setReady(true);
    const readyAt = Date.now();
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    expect(Date.now() - readyAt).toBeGreaterThanOrEqual(4_000 - secondMs);
  });

  test('a NotReady leader keeps the lead for failover-min-delay and then loses it, without another event', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ annotations: { 'failover-min-delay': '3s' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const notReadyAt = Date.now();
    await first.setReady(false);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(Date.now() - notReadyAt).toBeGreaterThanOrEqual(3_000 - secondMs);
    expect(Date.now() - notReadyAt).toBeLessThan(11_000);
  });

  test('a leader that is Ready again within its failover-min-delay stays', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ annotations: { 'failover-min-delay': '3s', 'min-ready-duration': '2s' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await first.setReady(false);
    await staysSo(() => readLeader(namespace), 500);
    await first.setReady(true);
    expect(await staysSo(() => readLeader(namespace), 4_500)).toBe('web-0');
  });

  test('the last pod loses the lead when its failover-min-delay is over, and no pod leads', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { 'failover-min-delay': '3s' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await pod.setReady(false);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
  });

  test('a pinned pod still needs its min-ready-duration', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.kubectl(
      'annotate',
      'service',
      'web',
      'zen-lead.io/min-ready-duration=4s',
      'zen-lead.io/pin-leader=web-1',
    );
    await startPod(namespace, { name: 'web-1' });
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });
});
