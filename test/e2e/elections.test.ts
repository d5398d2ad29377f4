/**
 * Tests several elections for one Service, and pools.
 * docs/reference/annotations.md#elections
 */

import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { listServiceNames, listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { typeCommand } from '../support/programs/typeCommand.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
type Namespace = Awaited<ReturnType<typeof world.namespace>>;

/** Each slice of a Service, and the pod that it routes to. */
async function readSlots(namespace: Namespace, service: string): Promise<Record<string, string>> {
  const slices = await listSlices(namespace, service);
  return Object.fromEntries(
    slices.map(({ metadata, endpoints }) => [metadata.name, endpoints?.[0]?.targetRef?.name ?? 'no pod']),
  );
}

async function epochOf(namespace: Namespace, service: string, slice: string): Promise<string | undefined> {
  const slices = await listSlices(namespace, service);
  return slices.find(({ metadata }) => metadata.name === slice)?.metadata.annotations?.['zen-lead.io/epoch'];
}

const annotate = (namespace: Namespace, ...annotations: string[]): Promise<unknown> =>
  namespace.kubectl('annotate', '--overwrite', 'service', 'web', ...annotations.map((each) => `zen-lead.io/${each}`));

describe('elections', () => {
  test('each has a leader Service, a record and announcements of its own', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await startPod(namespace, { name: 'web-2' });
    await namespace.apply(aService({ annotations: { elections: 'writer, cron' } }));
    await expect.poll(() => readLeader(namespace, 'web-writer')).toBe('web-0');
    await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('web-1');
    expect(await listServiceNames(namespace)).toEqual(['web', 'web-cron', 'web-writer']);
    expect((await readService(namespace, 'web-cron'))?.metadata.labels).toMatchObject({
      'zen-lead.io/election': 'cron',
    });
    const notes = async () => (await listEvents(namespace, 'web')).map(({ note }) => note);
    await expect.poll(notes).toContainEqual(expect.stringMatching(/^election "cron": Pod "web-1" leads/));
    await expect
      .poll(
        async () => (await readService(namespace, 'web-writer'))?.metadata.annotations?.['zen-lead.io/leader-pod-name'],
      )
      .toBe('web-0');

    const before = await epochOf(namespace, 'web-cron', 'web-cron-ipv4');
    await first.kill();
    await expect.poll(() => readLeader(namespace, 'web-writer')).toBe('web-2');
    expect(await readLeader(namespace, 'web-cron')).toBe('web-1');
    expect(await epochOf(namespace, 'web-cron', 'web-cron-ipv4')).toBe(before);

    await namespace.kubectl('annotate', 'service', 'web', 'cron.zen-lead.io/pin-leader=web-2');
    await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('web-2');
    expect(await readLeader(namespace, 'web-writer')).toBe('web-2');
  });

  test('two elections, then one, then none leave nothing behind', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ annotations: { elections: 'writer, cron' } }));
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-cron', 'web-writer']);

    await annotate(namespace, 'elections=writer');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-writer']);
    await expect.poll(() => listSlices(namespace, 'web-cron')).toEqual([]);
    expect(await readLeader(namespace, 'web-writer')).toBe('web-0');

    await annotate(namespace, 'elections-');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-leader']);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => listSlices(namespace, 'web-writer')).toEqual([]);

    await annotate(namespace, 'elections=writer,cron');
    await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('web-1');
    await annotate(namespace, 'enabled=false');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
    for (const service of ['web-writer', 'web-cron', 'web-leader'])
      await expect.poll(() => listSlices(namespace, service)).toEqual([]);
  });

  test('spread require leaves an election without a free pod, and a Warning says so', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { elections: 'writer, cron', spread: 'require' } }));
    await expect.poll(() => readLeader(namespace, 'web-writer')).toBe('web-0');
    await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('no pod');
    const reasons = async () => (await listEvents(namespace, 'web')).map(({ reason }) => reason);
    await expect.poll(reasons).toContain('NoFreePod');
    await startPod(namespace, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('web-1');
  });
});

test('status, explain, switchover and pin name one election', async () => {
  const namespace = await world.namespace();
  for (const number of [0, 1, 2]) await startPod(namespace, { name: `web-${number}` });
  await namespace.apply(aService({ annotations: { elections: 'writer, cron' } }));
  await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('web-1');
  const cluster = ['--kubeconfig', world.controlPlane().kubeconfig];
  const key = `${namespace.name}/web/cron`;
  const status = await typeCommand('status', '--namespace', namespace.name, ...cluster);
  expect(status.stdout).toMatch(/web\/writer +web-0 .*\n.*web\/cron +web-1 /);
  const explained = await typeCommand('explain', key, ...cluster);
  expect(explained.stdout).toMatch(/web\/cron -> web-cron[\s\S]*web-1 +leads[\s\S]*zen-lead explain .*\/web\/writer/);
  const moved = await typeCommand('switchover', key, ...cluster);
  expect(moved).toMatchObject({ code: 0, stdout: expect.stringContaining('web-2 leads instead of web-1') });
  expect(await readLeader(namespace, 'web-cron')).toBe('web-2');
  expect(await readLeader(namespace, 'web-writer')).toBe('web-0');
  const pinned = await typeCommand('pin', key, '--to', 'web-1', ...cluster);
  expect(pinned.stdout).toContain('cron.zen-lead.io/pin-leader=web-1');
  expect(await readLeader(namespace, 'web-cron')).toBe('web-1');
});

test('each election has a history of its own, which explain, status and the API show', async () => {
  const namespace = await world.namespace();
  const first = await startPod(namespace, { name: 'web-0' });
  for (const number of [1, 2]) await startPod(namespace, { name: `web-${number}` });
  await namespace.apply(aService({ annotations: { elections: 'writer, cron' } }));
  await expect.poll(() => readLeader(namespace, 'web-writer')).toBe('web-0');
  await expect.poll(() => readLeader(namespace, 'web-cron')).toBe('web-1');
  await first.kill();
  const historyOf = async (service: string): Promise<readonly string[]> => {
    const { annotations } = (await readService(namespace, service))?.metadata ?? {};
    const changes: { pod: string; reason: string }[] = JSON.parse(annotations?.['zen-lead.io/leader-history'] ?? '[]');
    return changes.map(({ pod, reason }) => `${pod} ${reason}`);
  };
  await expect.poll(() => historyOf('web-writer')).toEqual([expect.stringMatching(/^web-2 /), 'web-0 FirstLeader']);
  expect(await historyOf('web-cron')).toEqual(['web-1 FirstLeader']);

  const cluster = ['--kubeconfig', world.controlPlane().kubeconfig];
  const explained = await typeCommand('explain', `${namespace.name}/web/writer`, ...cluster);
  expect(explained.stdout).toMatch(/History\n +web-2: [^\n]*\n +web-0: FirstLeader, /);
  const status = await typeCommand('status', '--namespace', namespace.name, '-o', 'json', ...cluster);
  const { leaders } = JSON.parse(status.stdout) as {
    leaders: { elections: { leaderService: string; history: { pod: string }[] }[] }[];
  };
  const told = leaders.flatMap(({ elections }) => elections);
  expect(told.map(({ leaderService, history }) => [leaderService, ...history.map(({ pod }) => pod)])).toEqual([
    ['web-writer', 'web-2', 'web-0'],
    ['web-cron', 'web-1'],
  ]);
});

test('the examples of elections make what they say', async () => {
  const namespace = await world.namespace();
  await namespace.kubectl('apply', '-f', resolve(import.meta.dirname, '../../examples/elections'));
  await expect
    .poll(() => listServiceNames(namespace))
    .toEqual(['app', 'app-cron', 'app-writer', 'gateway', 'gateway-leader']);
  await expect.poll(async () => Object.keys(await readSlots(namespace, 'gateway-leader'))).toHaveLength(3);
});

describe('a pool', () => {
  test('a switchover moves one slot', async () => {
    const namespace = await world.namespace();
    for (const number of [0, 1, 2]) await startPod(namespace, { name: `web-${number}` });
    await namespace.apply(aService({ annotations: { active: '2' } }));
    const slots = { 'web-leader-ipv4': 'web-0', 'web-leader-1-ipv4': 'web-1' };
    await expect.poll(() => readSlots(namespace, 'web-leader')).toEqual(slots);
    const cluster = ['--kubeconfig', world.controlPlane().kubeconfig];
    const moved = await typeCommand('switchover', `${namespace.name}/web//1`, ...cluster);
    expect(moved).toMatchObject({ code: 0, stdout: expect.stringContaining('web-2 leads instead of web-1') });
    expect(await readSlots(namespace, 'web-leader')).toEqual({ ...slots, 'web-leader-1-ipv4': 'web-2' });
  });

  test('elects three pods behind one Service, and a loss moves one slot', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    const second = await startPod(namespace, { name: 'web-1' });
    await startPod(namespace, { name: 'web-2' });
    await namespace.apply(aService({ annotations: { active: '3' } }));
    await expect
      .poll(() => readSlots(namespace, 'web-leader'))
      .toEqual({ 'web-leader-ipv4': 'web-0', 'web-leader-1-ipv4': 'web-1', 'web-leader-2-ipv4': 'web-2' });
    expect(await listServiceNames(namespace)).toEqual(['web', 'web-leader']);
    await startPod(namespace, { name: 'web-3' });
    const before = await epochOf(namespace, 'web-leader', 'web-leader-2-ipv4');

    await second.kill();
    await expect
      .poll(() => readSlots(namespace, 'web-leader'))
      .toEqual({ 'web-leader-ipv4': 'web-0', 'web-leader-1-ipv4': 'web-3', 'web-leader-2-ipv4': 'web-2' });
    expect(await epochOf(namespace, 'web-leader', 'web-leader-2-ipv4')).toBe(before);
    const notes = async () => (await listEvents(namespace, 'web')).map(({ note }) => note);
    await expect.poll(notes).toContainEqual(expect.stringMatching(/^slot 1: Pod "web-3" leads/));

    await annotate(namespace, 'active=1');
    await expect.poll(() => readSlots(namespace, 'web-leader')).toEqual({ 'web-leader-ipv4': 'web-0' });
  });

  test('leaves the last slots empty where there are fewer pods', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { active: '2' } }));
    await expect
      .poll(() => readSlots(namespace, 'web-leader'))
      .toEqual({ 'web-leader-ipv4': 'web-0', 'web-leader-1-ipv4': 'no pod' });
    await startPod(namespace, { name: 'web-1' });
    await expect
      .poll(() => readSlots(namespace, 'web-leader'))
      .toEqual({ 'web-leader-ipv4': 'web-0', 'web-leader-1-ipv4': 'web-1' });
  });
});
