/**
 * Tests the end of a deleted source, from the watch line to EVENTS_SINK.
 * docs/reference/events.md#the-end-of-a-service
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startBridge } from '../../../bridge/startBridge.ts';
import { createInProcessSink } from '../../../functions/inProcessSink.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { addPod, addService, PATIENCE_MS, startCluster } from '../../support/programs/bridgeBench.ts';

it('zen-lead announces the end of a deleted source once, and remembers that it did', async () => {
  const server = await startCluster('shop');
  const told: string[] = [];
  const broker = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      told.push(String(JSON.parse(body).data.reason));
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const eventsSink = `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`;
  const deps = { api, clusterName: 'test', metrics, log: silentLogger };
  const sink = createInProcessSink({ ...deps, eventsSink });
  const acknowledged: string[] = [];
  const bridge = startBridge({
    ...deps,
    sink,
    namespaces: [],
    tuning: { resync: { periodMs: 200, tickMs: 20 } },
    onDelivery: ({ reply }) => {
      if (reply?.data.goneAnnounced !== undefined) acknowledged.push(reply.data.goneAnnounced);
    },
  });
  onTestFinished(async () => {
    await bridge.close();
    await api.close();
    await server.close();
    broker.closeAllConnections();
    broker.close();
  });
  addPod(server, 'shop', 'db-0', 'db');
  addService(server, 'shop', 'db');
  await expect.poll(() => told, { timeout: PATIENCE_MS }).toContain('FirstLeader');

  const uid = server.objects.read({ resource: 'services', namespace: 'shop', name: 'db' })?.metadata.uid;
  await api.delete(
    { groupVersion: '/api/v1', plural: 'services' },
    'shop',
    'db',
    {
      uid: uid ?? '',
      resourceVersion:
        server.objects.read({ resource: 'services', namespace: 'shop', name: 'db' })?.metadata.resourceVersion ?? '',
    },
    AbortSignal.timeout(PATIENCE_MS),
  );
  await expect.poll(() => told, { timeout: PATIENCE_MS }).toContain('SourceGone');
  await expect.poll(() => acknowledged, { timeout: PATIENCE_MS }).toContain(uid);
  expect(told.filter((reason) => reason === 'SourceGone')).toHaveLength(1);
});
