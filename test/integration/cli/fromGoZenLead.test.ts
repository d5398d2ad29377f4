/**
 * Tests that zen-lead takes over what the Go zen-lead left where it may, and names it where it may
 * not. docs/how-to/migration.md, "From the Go zen-lead".
 */

import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { aPodManifest, aPodStatus } from '../../support/objects/aPodManifest.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { expectGracefulStop, readUrl, startProgram } from '../../support/programs/startProgram.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const PODS = '/api/v1/namespaces/default/pods';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';

interface Answer {
  readonly metadata: { readonly uid: string };
  readonly spec?: { readonly clusterIP?: string };
  readonly items?: readonly { readonly reason?: string }[];
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[];
  readonly code?: number;
}

it('zen-lead takes over the leader Service of the Go zen-lead with its address, and leaves its slice for a person to delete', async () => {
  const server = await startApiServer();
  onTestFinished(() => server.close());
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  const request = async (method: string, path: string, body?: object): Promise<Answer> => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const init = { method, headers: { 'content-type': type }, signal: AbortSignal.timeout(30_000) };
    const response = await fetch(server.url + path, { ...init, ...(body && { body: JSON.stringify(body) }) });
    return (await response.json()) as Answer;
  };

  await request('POST', PODS, aPodManifest({ name: 'db-0' }));
  await request('PATCH', `${PODS}/db-0/status`, { status: aPodStatus({ ips: ['10.0.0.10'] }) });
  const ports = [{ port: 5432 }];
  const source = await request('POST', SERVICES, {
    metadata: { name: 'db', annotations: { 'zen-lead.io/enabled': 'true' } },
    spec: { selector: { app: 'db' }, ports },
  });
  // As the Go program makes them.
  const labels = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'db' };
  const ownedBy = (name: string, uid: string) => [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }];
  const leader = await request('POST', SERVICES, {
    metadata: { name: 'db-leader', labels, ownerReferences: ownedBy('db', source.metadata.uid) },
    spec: { ports },
  });
  await request('POST', SLICES, {
    metadata: {
      name: 'db-leader',
      labels: {
        ...labels,
        'kubernetes.io/service-name': 'db-leader',
        'endpointslice.kubernetes.io/managed-by': 'zen-lead',
      },
      ownerReferences: ownedBy('db-leader', leader.metadata.uid),
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.99'] }],
    ports: [{ port: 5432 }],
  });

  const program = startProgram(['run', '--kubeconfig', kubeconfig, '--port', '0']);
  await readUrl(program);
  await expect
    .poll(() => request('GET', `${SLICES}/db-leader-ipv4`), { message: 'the slice of the leader' })
    .toMatchObject({ endpoints: [{ addresses: ['10.0.0.10'] }] });
  const taken = await request('GET', `${SERVICES}/db-leader`);
  expect([taken.metadata.uid, taken.spec?.clusterIP]).toEqual([leader.metadata.uid, leader.spec?.clusterIP]);
  const reasons = async () => (await request('GET', EVENTS)).items?.map(({ reason }) => reason);
  await expect.poll(reasons, { message: 'the Events so far' }).toContain('ForeignEndpointSlice');
  expect(await request('GET', `${SLICES}/db-leader`)).toMatchObject({ endpoints: [{ addresses: ['10.0.0.99'] }] });

  await request('DELETE', `${SLICES}/db-leader`);
  expect(await request('GET', `${SLICES}/db-leader`)).toMatchObject({ code: 404 });
  await expectGracefulStop(program);
});
