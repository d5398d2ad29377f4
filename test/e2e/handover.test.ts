/**
 * Tests handovers that overlap. docs/reference/annotations.md#handover; docs/guarantees.md (S1)
 */

import { describe, expect, test } from 'vitest';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { watchRoutes } from '../support/controlPlane/watchRoutes.ts';
import { aService } from '../support/objects/aService.ts';
import { typeCommand } from '../support/programs/typeCommand.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
type Namespace = Awaited<ReturnType<typeof world.namespace>>;

/** Whom the slice routes to, in its order. */
async function readRouted(namespace: Namespace): Promise<readonly (string | undefined)[]> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return (slice?.endpoints ?? []).map(({ targetRef }) => targetRef?.name);
}

async function readRecord(namespace: Namespace): Promise<Readonly<Record<string, string>>> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return slice?.metadata.annotations ?? {};
}

async function startWith(annotations: Record<string, string>) {
  const namespace = await world.namespace();
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService({ annotations }));
  await expect.poll(() => readRouted(namespace)).toEqual(['web-0']);
  return { namespace, first };
}

const pin = (namespace: Namespace, pod: string): Promise<unknown> =>
  namespace.kubectl('annotate', '--overwrite', 'service', 'web', `zen-lead.io/pin-leader=${pod}`);

describe('a planned move with handover: overlap', () => {
  test('routes to both until the new leader has been Ready for so long, under one epoch', async () => {
    const { namespace } = await startWith({ handover: 'overlap', 'handover-overlap': '5m' });
    const epoch = Number((await readRecord(namespace))['zen-lead.io/epoch']);
    await pin(namespace, 'web-1');
    await expect.poll(() => readRouted(namespace)).toEqual(['web-1', 'web-0']);
    const record = await readRecord(namespace);
    expect(record).toMatchObject({ 'zen-lead.io/leader-pod-name': 'web-1', 'zen-lead.io/epoch': String(epoch + 1) });
    const cluster = ['--kubeconfig', world.controlPlane().kubeconfig];
    const explained = await typeCommand('explain', `${namespace.name}/web`, ...cluster);
    expect(explained.stdout).toMatch(/web-1 leads[\s\S]*the handover overlaps: web-0 is routed to as well until /);
    const status = await typeCommand('status', '--namespace', namespace.name, ...cluster);
    expect(status.stdout).toMatch(/web +web-1 .* handover from web-0/);
    await expect
      .poll(async () => (await readService(namespace, 'web-leader'))?.metadata.annotations)
      .toMatchObject({ 'zen-lead.io/leader-pod-name': 'web-1' });

    await namespace.kubectl('annotate', '--overwrite', 'service', 'web', 'zen-lead.io/handover-overlap=1s');
    await expect.poll(() => readRouted(namespace)).toEqual(['web-1']);
    expect((await readRecord(namespace))['zen-lead.io/epoch']).toBe(String(epoch + 1));
    expect(await staysSo(() => readRouted(namespace))).toEqual(['web-1']);
  });

  test('ends by a timer, without an event', async () => {
    const { namespace } = await startWith({ handover: 'overlap', 'handover-overlap': '2s' });
    const watched = await watchRoutes(world.controlPlane(), namespace, 'web-leader');
    await pin(namespace, 'web-1');
    await expect.poll(() => readRouted(namespace)).toEqual(['web-1']);
    const addresses = watched.seen().map((state) => state.split(' ')[0]?.split(',').length);
    await watched.close();
    expect(addresses).toEqual([1, 2, 1]);
  });

  test('takes the pod that was left out as soon as it is not Ready', async () => {
    const { namespace, first } = await startWith({ handover: 'overlap', 'handover-overlap': '5m' });
    await pin(namespace, 'web-1');
    await expect.poll(() => readRouted(namespace)).toEqual(['web-1', 'web-0']);
    await first.setReady(false);
    await expect.poll(() => readRouted(namespace)).toEqual(['web-1']);
  });

  test('overlaps at a switchover, and never after a leader that is not fit', async () => {
    const { namespace, first } = await startWith({ handover: 'overlap', 'handover-overlap': '5m' });
    await first.setReady(false);
    await expect.poll(() => readRouted(namespace)).toEqual(['web-1']);
    await first.setReady(true);
    const moved = await typeCommand(
      'switchover',
      `${namespace.name}/web`,
      '--kubeconfig',
      world.controlPlane().kubeconfig,
    );
    expect(moved).toMatchObject({ code: 0, stdout: expect.stringContaining('web-0 leads instead of web-1') });
    expect(await readRouted(namespace)).toEqual(['web-0', 'web-1']);
    // The user may want no overlap any more.
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/handover-');
    await expect.poll(() => readRouted(namespace)).toEqual(['web-0']);
  });
});

test('a handover that cannot be read moves no leader', async () => {
  const { namespace } = await startWith({ handover: 'both' });
  await pin(namespace, 'web-1');
  expect(await staysSo(() => readRouted(namespace))).toEqual(['web-0']);
});
