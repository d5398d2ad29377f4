/**
 * Tests that one namespace whose writes fail does not slow another one: bridge and functions
 * together, on the embedded API.
 */

import { expect, it } from 'vitest';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { toKubeError } from '../../../lib/kube/kubeError.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { addPod, addService, setReady } from '../../support/programs/bridgeBench.ts';

const poll = { timeout: 30_000, interval: 10 };
/** More than a bridge has in flight. */
const FAILING = 100;

it('a namespace whose webhook fails opens no circuit breaker, and another one fails over meanwhile', async () => {
  await using open = new AsyncDisposableStack();
  const server = open.adopt(await startApiServer(), (one) => one.close());
  for (const name of ['good', 'bad'])
    server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const number of Array(FAILING).keys()) {
    addService(server, 'bad', `db${number}`);
    addPod(server, 'bad', `db${number}-0`, `db${number}`);
  }
  addService(server, 'good', 'db');
  for (const number of [0, 1]) addPod(server, 'good', `db-${number}`, 'db');

  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = open.adopt(createKubeApi(access, { metrics }), (one) => one.close());
  let failed = 0;
  const webhookFails = (): never => {
    failed += 1;
    const message = 'Internal error occurred: failed calling webhook "names.example": context deadline exceeded';
    throw toKubeError('create', 500, { message }, undefined, Date.now());
  };
  const refusing: typeof api = {
    ...api,
    create: async (resource, namespace, ...rest) =>
      namespace === 'bad' ? webhookFails() : await api.create(resource, namespace, ...rest),
  };
  const options = { api: refusing, clusterName: 'test', namespaces: [], metrics, log: silentLogger };
  open.adopt(startZenLead(options), (one) => one.close());

  const leaderOf = (): unknown => {
    const slice = server.objects.read({ resource: 'endpointslices', namespace: 'good', name: 'db-leader-ipv4' });
    return new Map<string, unknown>(Object.entries(slice?.metadata.annotations ?? {})).get(
      'zen-lead.io/leader-pod-name',
    );
  };
  await expect.poll(leaderOf, poll).toBe('db-0');
  await expect.poll(() => failed, poll).toBeGreaterThan(FAILING);
  setReady(server, 'good', 'db-0', false);
  await expect.poll(leaderOf, poll).toBe('db-1');
  const { values } = await metrics.circuitOpen.get();
  expect(values.map(({ value }) => value)).toEqual([0]);
});
