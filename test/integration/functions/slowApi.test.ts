/**
 * Tests that `zen-lead run` is slower with a slow API server that works, and does not stop. Each
 * story takes real time, because the API client and the server are the real ones. It takes a minute
 * at 1.1 s a call and two at 2.5 s, so those run in CI only.
 */

import { describe, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { addPod, addService, setReady } from '../../support/programs/bridgeBench.ts';

const callTimesMs = process.env['CI'] === undefined ? [300] : [300, 1_100, 2_500];
const PATIENCE_MS = 240_000;

async function startRun(callMs: number): Promise<EmbeddedApiServer & AsyncDisposable> {
  const server = await startApiServer();
  server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  addService(server, 'shop', 'db');
  for (const name of ['db-0', 'db-1']) addPod(server, 'shop', name, 'db');
  server.faults.add({ fault: { kind: 'latency', latencyMs: callMs }, matches: () => true });
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const options = { api, clusterName: 'test', namespaces: [], metrics, log: silentLogger };
  const zenLead = startZenLead(options);
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await zenLead.close();
      await api.close();
      await server.close();
    },
  });
}

const routed = (server: EmbeddedApiServer): unknown => {
  const slice = server.objects.read({ resource: 'endpointslices', namespace: 'shop', name: 'db-leader-ipv4' });
  const [endpoint] = (slice?.['endpoints'] ?? []) as { targetRef?: { name?: string } }[];
  return endpoint?.targetRef?.name;
};

const eventReasons = (server: EmbeddedApiServer): readonly string[] =>
  server.objects.list('events').map((event) => String(event['reason']));

describe.concurrent('an API server that takes long for every call', () => {
  it.for(callTimesMs)(
    'zen-lead makes a leader Service, its announcement and a failover with %i ms a call',
    { timeout: 3 * PATIENCE_MS },
    async (callMs, { expect }) => {
      await using server = await startRun(callMs);
      const poll = { timeout: PATIENCE_MS, interval: 20 };
      await expect.poll(() => routed(server), poll).toBe('db-0');
      await expect.poll(() => eventReasons(server), poll).toContain('LeaderElected');
      setReady(server, 'shop', 'db-0', false);
      await expect.poll(() => routed(server), poll).toBe('db-1');
    },
  );
});
