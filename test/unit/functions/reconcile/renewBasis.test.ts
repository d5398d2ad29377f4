/**
 * The record moves from one slice to another. A function may end in between, and another one may
 * still hold a view from before.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ParsedReconcileEvent } from '../../../../lib/events/parseReconcileEvent.ts';
import { putPod, putService } from '../../../support/objects/aNamespace.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

const dual = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' };
const flipped = { ...dual, ipFamilies: ['IPv6', 'IPv4'] };

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  putService(harness.fake, {}, dual);
  putPod(harness.fake, 'db-0', { otherIps: ['fd00::1'] });
  putPod(harness.fake, 'db-1', { otherIps: ['fd00::2'] });
  await harness.settle();
});
afterEach(() => harness.fake.close());

const notes = (family: string): Readonly<Record<string, unknown>> =>
  (harness.fake.find('endpointslices', `db-leader-${family}`)?.metadata['annotations'] ?? {}) as Record<
    string,
    unknown
  >;
const patched = (): readonly string[] =>
  harness.fake.requests.filter(({ method }) => method === 'PATCH').map(({ path }) => path.split('-').at(-1) ?? '');

/** The functions end before the slice that takes the record is written. */
async function endsHalfWay(event: ParsedReconcileEvent, slice: string): Promise<void> {
  harness.fake.before = ({ method, path }) =>
    method === 'PATCH' && path.endsWith(slice) ? failure(500, 'InternalError') : undefined;
  await expect(harness.reconciler.reconcile(event, true, signal)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
  harness.fake.before = () => undefined;
}

describe('a change of the primary family', () => {
  it('is known to the old record before the new one is written, and the old one is stripped last', async () => {
    putService(harness.fake, {}, flipped);
    await harness.reconcile();
    expect(patched()).toEqual(['ipv4', 'ipv6', 'ipv4']);
    expect(notes('ipv6')).toHaveProperty('zen-lead.io/leader-pod-name', 'db-0');
    expect(Object.keys(notes('ipv4'))).toEqual(['zen-lead.io/epoch']);
  });

  it('that was cut short leaves no view from before that may decide', async () => {
    putPod(harness.fake, 'db-0', { ready: false, otherIps: ['fd00::1'] });
    const before = await harness.event();
    putService(harness.fake, {}, flipped);
    await endsHalfWay(await harness.event(), '-ipv6');
    expect(patched()).toEqual(['ipv4', 'ipv6']);
    const reply = await harness.reconciler.reconcile(before, true, signal);
    expect(reply.data.basis).toBe('read');
    expect(notes('ipv6')).toHaveProperty('zen-lead.io/leader-pod-name', 'db-1');
  });

  it('that cannot be finished makes the old record known once, and not at each attempt', async () => {
    putService(harness.fake, {}, flipped);
    await endsHalfWay(await harness.event(), '-ipv6');
    harness.fake.requests.length = 0;
    await endsHalfWay(await harness.event(), '-ipv6');
    expect(patched()).toEqual(['ipv6']);
  });

  it('takes the pod out of the old slice first where it no longer leads', async () => {
    putPod(harness.fake, 'db-0', { ready: false, otherIps: ['fd00::1'] });
    putService(harness.fake, {}, flipped);
    await endsHalfWay(await harness.event(), '-ipv6');
    expect(harness.fake.find('endpointslices', 'db-leader-ipv4')?.['endpoints']).toEqual([]);
  });
});
