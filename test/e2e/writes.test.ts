/**
 * Tests how zen-lead writes, by the API server's audit log: S3 of docs/guarantees.md, and that it
 * writes nothing without a right.
 */

import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AuditedWrite, readAuditedWrites } from '../support/controlPlane/readAuditedWrites.ts';
import { listServiceNames, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead({ audit: true });

const version = z.string().regex(/^[1-9]\d*$/); // "" and "0" write unconditionally
const conditional = z.object({ metadata: z.object({ resourceVersion: version, uid: z.uuid() }) });
const conditionalDelete = z.object({ preconditions: z.object({ resourceVersion: version, uid: z.uuid() }) });

/** Lives through everything that needs each kind of write. */
async function liveThrough(): Promise<void> {
  const namespace = await world.namespace();
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(
    aService({ annotations: { followers: 'true' }, spec: { ipFamilyPolicy: 'PreferDualStack', type: 'NodePort' } }),
  );
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  const selector = JSON.stringify({ spec: { selector: { app: 'web' } } });
  await namespace.kubectl('patch', 'service', 'web-leader', '--patch', selector);
  await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec.selector).toBeUndefined();
  await expect.poll(() => namespace.kubectl('get', 'endpoints', '-o', 'name')).not.toContain('web-leader');
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/leader-service-name=primary');
  await expect.poll(() => listServiceNames(namespace)).toEqual(['primary', 'web', 'web-followers']);
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
  await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
}

test('every write names the versions that it was decided on, and goes only to Services, slices, Endpoints, Events and the Lease', async () => {
  await liveThrough();
  const readWrites = () => readAuditedWrites(world.controlPlane(), 'zen-lead');
  await expect
    .poll(() => readWrites().some(({ verb, resource }) => verb === 'patch' && resource === 'leases'))
    .toBe(true);
  const writes = readWrites();
  const of = (verb: string): readonly AuditedWrite[] => writes.filter((write) => write.verb === verb);
  expect([...new Set(writes.map(({ verb, resource }) => `${verb} ${resource}`))].sort()).toEqual([
    'create endpointslices',
    'create events',
    'create leases',
    'create services',
    'delete endpoints',
    'delete endpointslices',
    'delete services',
    'patch endpointslices',
    'patch leases',
    'patch services',
  ]);
  for (const write of of('patch'))
    expect(conditional.safeParse(write.body), JSON.stringify(write)).toMatchObject({ success: true });
  for (const write of of('delete'))
    expect(conditionalDelete.safeParse(write.body), JSON.stringify(write)).toMatchObject({ success: true });
  for (const write of of('patch').filter(({ resource }) => resource === 'endpointslices'))
    expect(write.body).not.toHaveProperty('addressType'); // immutable
  for (const write of of('create')) expect(write.body).not.toHaveProperty(['metadata', 'generateName']);
  for (const write of writes) expect([200, 201, 404, 409], JSON.stringify(write)).toContain(write.status);
});

test('serves the metrics of one run, each name once', async () => {
  // The Service of the story above is gone, and its series with it.
  const namespace = await world.namespace();
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  const readPage = async () => (await fetch(`${world.zenLead().url}/metrics`)).text();
  const failover = /^zen_lead_failover_count_total\{[^}]*service="web"[^}]*\} 1$/m;
  await expect.poll(readPage).toMatch(failover);
  const page = await readPage();
  const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining([
      'zen_lead_failover_count_total',
      'zen_lead_failover_latency_seconds',
      'zen_lead_leader_duration_seconds',
      'zen_lead_reconciliation_duration_seconds',
      'zen_lead_watch_staleness_seconds',
    ]),
  );
});
