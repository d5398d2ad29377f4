/**
 * Tests a bridge and a function over HTTP, about a Service of more pods than an event has room for.
 */

import { expect, it, onTestFinished } from 'vitest';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { createEventPoster } from '../../../bridge/delivery/eventPoster.ts';
import { createHttpSink } from '../../../bridge/delivery/httpSink.ts';
import { startBridge } from '../../../bridge/startBridge.ts';
import { createApp } from '../../../functions/app.ts';
import { createFunctionReconciler } from '../../../functions/functionDeps.ts';
import { createLeaderHandler } from '../../../functions/leaderHandler.ts';
import { parseReply } from '../../../lib/events/parseReply.ts';
import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { addPod, addService, anApiServer, PATIENCE_MS, setReady } from '../../support/programs/bridgeBench.ts';

const PODS = 300;

it('a Service of 300 pods fails over by events that carry a compact snapshot', {
  timeout: 4 * PATIENCE_MS,
}, async () => {
  const server = await anApiServer('shop');
  addService(server, 'shop', 'db');
  for (let n = 0; n < PODS; n += 1) addPod(server, 'shop', `db-${n}`, 'db');
  const sent = await startHalves(server);
  const leaderOf = () => server.objects.read({ resource: 'endpointslices', namespace: 'shop', name: 'db-leader-ipv4' });
  const routed = () =>
    (leaderOf()?.['endpoints'] as { targetRef?: { name?: string } }[] | undefined)?.[0]?.targetRef?.name;
  await expect.poll(routed, { timeout: PATIENCE_MS }).toBe('db-0');

  setReady(server, 'shop', 'db-0', false);
  await expect.poll(routed, { timeout: PATIENCE_MS }).toBe('db-1');
  // A bridge that stood still sends hints, and the next event has a snapshot again.
  const omitted = () => sent.filter(({ data }) => data.snapshot?.omitted !== undefined);
  await expect.poll(() => omitted().length, { timeout: 2 * PATIENCE_MS }).toBeGreaterThan(0);
  for (const event of sent) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(64 * 1024);
});

/** Returns the events, as they are sent. */
async function startHalves(server: EmbeddedApiServer): Promise<readonly ReconcileEvent[]> {
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
  const sinkUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  const poster = createEventPoster({ url: sinkUrl, now: Date.now });
  onTestFinished(() => poster.close());
  const sent: ReconcileEvent[] = [];
  const post = createHttpSink(poster, parseReply, Date.now);
  const bridge = startBridge({
    api,
    sinkUrl,
    sink: (event, signal) => {
      sent.push(event);
      return post(event, signal);
    },
    clusterName: 'test',
    namespaces: [],
    metrics,
    log: silentLogger,
    onConcern: () => undefined,
  });
  onTestFinished(() => bridge.close());
  return sent;
}
