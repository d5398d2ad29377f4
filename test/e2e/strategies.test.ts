/**
 * Tests which pod is chosen, and which stays. docs/reference/annotations.md: strategy, sticky, pin,
 * priority, exclude, paused, hold.
 */

import { describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type PodOptions, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService, type ServiceOptions } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

async function startWith(
  annotations: NonNullable<ServiceOptions['annotations']>,
  ...pods: readonly PodOptions[]
): Promise<{ namespace: Namespace; pod: (name: string) => Awaited<ReturnType<typeof startPod>> }> {
  const namespace = await world.namespace();
  const started = new Map<string, Awaited<ReturnType<typeof startPod>>>();
  for (const options of pods) started.set(options.name, await startPod(namespace, options));
  await namespace.apply(aService({ annotations }));
  return {
    namespace,
    pod(name) {
      const pod = started.get(name);
      if (pod === undefined) throw new Error(`no pod ${name} in this story`);
      return pod;
    },
  };
}

function annotate(namespace: Namespace, ...annotations: readonly string[]): Promise<string> {
  const prefixed = annotations.map((each) => `zen-lead.io/${each}`);
  return namespace.kubectl('annotate', '--overwrite', 'service', 'web', ...prefixed);
}

const byZone: readonly PodOptions[] = [
  { name: 'web-0', node: 'node-a' },
  { name: 'web-1', node: 'node-a' },
  { name: 'web-2', node: 'node-b' },
];

describe('strategy', () => {
  test('oldest chooses the pod that was created first, whatever its name', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-9' });
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // creation times have whole seconds
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-9');
  });

  test('newest chooses the pod that was created last', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-1' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await startPod(namespace, { name: 'web-9' });
    await namespace.apply(aService({ annotations: { strategy: 'newest' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-9');
  });

  test('priority chooses the largest number, and does not preempt a sticky leader', async () => {
    const priority = (value: string) => ({ annotations: { 'zen-lead.io/priority': value } });
    const { namespace, pod } = await startWith(
      { strategy: 'priority' },
      { name: 'web-0' },
      { name: 'web-1', ...priority('5') },
      { name: 'web-2', ...priority('50') },
    );
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
    await pod('web-2').setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await pod('web-2').setReady(true);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-1');
  });

  test('a preferred node comes before a preferred zone, and a zone in the order of the list', async () => {
    const { namespace, pod } = await startWith(
      { 'preferred-zones': 'zone-b, zone-a', 'preferred-nodes': 'node-c' },
      { name: 'web-0', node: 'node-a' },
      { name: 'web-1', node: 'node-b' },
      { name: 'web-2', node: 'node-c' },
    );
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
    await pod('web-2').setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await pod('web-1').setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await pod('web-2').setReady(true);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
    await annotate(namespace, 'sticky=false');
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
  });

  test('weighted names a weight that cannot be read, and elects a pod all the same', async () => {
    const { namespace } = await startWith(
      { strategy: 'weighted' },
      { name: 'web-0', annotations: { 'zen-lead.io/weight': 'heavy' } },
    );
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const notes = async () => (await listEvents(namespace)).map(({ note }) => note).join('\n');
    await expect.poll(notes).toContain('zen-lead.io/weight on pod "web-0" cannot be read');
  });

  test('node-aware chooses another node than the last leader’s', async () => {
    const { namespace, pod } = await startWith({ strategy: 'node-aware' }, ...byZone);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await pod('web-0').kill();
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
  });

  test('zone-aware chooses another zone than the last leader’s, also after a time without leader', async () => {
    const { namespace, pod } = await startWith({ strategy: 'zone-aware' }, ...byZone);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    for (const name of ['web-1', 'web-2', 'web-0']) await pod(name).setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    // Both in one reconcile, or the pod that is Ready first would lead.
    await annotate(namespace, 'paused=true');
    await Promise.all([pod('web-1').setReady(true), pod('web-2').setReady(true)]);
    await annotate(namespace, 'paused-');
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
  });

  test('random chooses one pod and keeps it', async () => {
    const { namespace } = await startWith({ strategy: 'random' }, ...byZone);
    await expect.poll(() => readLeader(namespace)).toMatch(/^web-[012]$/);
    const leader = await staysSo(() => readLeader(namespace));
    // the choice is repeatable, so without stickiness it is the same again
    await annotate(namespace, 'sticky=false');
    expect(await staysSo(() => readLeader(namespace))).toBe(leader);
  });

  test('a strategy without stickiness gives the lead back to the preferred pod', async () => {
    const { namespace, pod } = await startWith({ sticky: 'false' }, { name: 'web-0' }, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await pod('web-0').setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await pod('web-0').setReady(true);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
  });
});

describe('what a user decides', () => {
  test('pin-leader moves the lead to that pod while it is fit, and leaves it there', async () => {
    const { namespace, pod } = await startWith({}, ...byZone);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await annotate(namespace, 'pin-leader=web-2');
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
    await pod('web-2').setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await pod('web-2').setReady(true);
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
    await annotate(namespace, 'pin-leader-');
    expect(await staysSo(() => readLeader(namespace))).toBe('web-2');
  });

  test('pin-leader with an unknown name moves nothing', async () => {
    const { namespace } = await startWith({}, ...byZone);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await annotate(namespace, 'pin-leader=web-99');
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
  });

  test('paused keeps the route, whatever happens, until it is removed', async () => {
    const { namespace, pod } = await startWith({}, { name: 'web-0' }, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await annotate(namespace, 'paused=true');
    await pod('web-0').setReady(false);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
    await annotate(namespace, 'paused=false');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('paused does not route to a pod that is gone', async () => {
    const { namespace, pod } = await startWith({}, { name: 'web-0' }, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await annotate(namespace, 'paused=true');
    await pod('web-0').kill();
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    expect(await staysSo(() => readLeader(namespace))).toBe('no pod');
    await annotate(namespace, 'paused-');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('no-leader: hold keeps a last leader that is merely NotReady, and not one that is gone', async () => {
    const { namespace, pod } = await startWith({ 'no-leader': 'hold' }, { name: 'web-0' }, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await pod('web-1').setReady(false);
    await pod('web-0').setReady(false);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
    await pod('web-1').setReady(true);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await pod('web-1').kill();
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
  });

  test('exclude on a pod keeps it from leading, at once', async () => {
    const { namespace } = await startWith({}, { name: 'web-0' }, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.kubectl('annotate', 'pod', 'web-0', 'zen-lead.io/exclude=true');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await namespace.kubectl('annotate', 'pod', 'web-1', 'zen-lead.io/exclude=true');
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await namespace.kubectl('annotate', 'pod', 'web-0', 'zen-lead.io/exclude-');
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
  });
});
