/**
 * Tests that the bridge reads every reply about a leader Service that has 36 EndpointSlices of
 * 1,000 endpoints under its name. A tenant who may write slices can make them: 9 MB of JSON.
 */

import { expect, it, onTestFinished } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { createEventPoster } from '../../../bridge/delivery/eventPoster.ts';
import { createHttpSink } from '../../../bridge/delivery/httpSink.ts';
import { createApp } from '../../../functions/app.ts';
import { createFunctionReconciler } from '../../../functions/functionDeps.ts';
import { createLeaderHandler } from '../../../functions/leaderHandler.ts';
import { parseReply } from '../../../lib/events/parseReply.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aReconcileEvent } from '../../support/objects/anEvent.ts';
import { addPod, addService } from '../../support/programs/bridgeBench.ts';

async function startHalves(server: EmbeddedApiServer) {
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  onTestFinished(() => api.close());
  const app = createApp({
    handler: createLeaderHandler({
      reconciler: createFunctionReconciler({ api, clusterName: 'test', metrics, log: silentLogger }),
    }),
    authenticate: async () => 'trusted',
    metrics,
    log: silentLogger,
    isReady: () => ({ ready: true, reasons: [] }),
  });
  onTestFinished(() => app.close());
  const poster = createEventPoster({ url: await app.listen({ host: '127.0.0.1', port: 0 }), now: Date.now });
  onTestFinished(() => poster.close());
  const sink = createHttpSink(poster, parseReply, Date.now);
  const { snapshot: _, ...data } = aReconcileEvent().data;
  return { send: () => sink(aReconcileEvent({ data }), AbortSignal.timeout(30_000)) };
}

const aFatSlice = (name: string, owner: object | undefined): Record<string, unknown> => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name,
    namespace: 'shop',
    labels: {
      'kubernetes.io/service-name': 'db-leader',
      'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
    },
    ...(owner && { ownerReferences: [owner] }),
  },
  addressType: 'IPv4',
  ports: [],
  endpoints: Array.from({ length: 1_000 }, (_, at) => ({
    addresses: [`10.1.${at >> 8}.${at & 255}`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${'x'.repeat(50)}`,
    targetRef: { kind: 'Pod', namespace: 'shop', name: `pod-${'x'.repeat(50)}-${at}`, uid: `uid-${at}` },
  })),
});

/** Kubernetes would delete what an owner that is not there controls. */
function addOwner(server: EmbeddedApiServer): object {
  const name = 'tenant';
  addPod(server, 'shop', name, 'other');
  const uid = server.objects.read({ resource: 'pods', namespace: 'shop', name })?.metadata.uid;
  return { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true };
}

it.each([
  ['of another controller', true, 'metadata only'],
  ['without a controller, which zen-lead adopts,', false, 'no snapshot'],
] as const)('36 fat slices %s leave the reply small enough to read', async (_name, isForeign, carried) => {
  const server = await startApiServer();
  onTestFinished(() => server.close());
  server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  addService(server, 'shop', 'db');
  addPod(server, 'shop', 'db-0', 'db');
  const owner = isForeign ? addOwner(server) : undefined;
  for (let at = 0; at < 36; at += 1) server.objects.create(aFatSlice(`fat-${at}`, owner));
  const { send } = await startHalves(server);

  const { status, detail, reply } = await send();
  expect([status, detail]).toEqual([200, undefined]);
  expect(reply?.data).toMatchObject({ decision: 'elected', leader: { name: 'db-0' }, basis: 'read' });
  const fat = reply?.data.snapshot?.slices.filter(({ name }) => name.startsWith('fat-'));
  if (carried === 'no snapshot') expect(fat).toBeUndefined();
  else expect(fat?.map(({ spec }) => spec)).toEqual(Array(36).fill(null));
});
