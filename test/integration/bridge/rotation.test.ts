/**
 * Tests a bridge in a cluster whose credentials rotate: the kubelet replaces the token, the cluster
 * its certificate authority. TLS and the mount are real.
 */

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { type Bridge, startBridge } from '../../../bridge/startBridge.ts';
import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { addPod, addService, setReady, startCluster } from '../../support/programs/bridgeBench.ts';

const fixture = (name: string) => readFile(new URL(`../../fixtures/certificates/${name}`, import.meta.url), 'utf8');
const patience = { timeout: 30_000, interval: 10 };

let mount: string;
let cluster: EmbeddedApiServer;
let front: Server;
let bridge: Bridge;
let acceptedToken = 'one';
const events: ReconcileEvent[] = [];
const closers: (() => Promise<unknown>)[] = [];

/** TLS and tokens in front of the embedded API server, as a real one has them. */
async function startFront(): Promise<number> {
  front = createServer({ cert: await fixture('before.crt'), key: await fixture('before.key') }, (asked, answered) => {
    if (asked.headers.authorization !== `Bearer ${acceptedToken}`) {
      answered.writeHead(401, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const { method, headers } = asked;
    const forwarded = request(`${cluster.url}${asked.url}`, { method, headers }, (response) => {
      answered.writeHead(response.statusCode ?? 502, response.headers);
      answered.flushHeaders();
      response.pipe(answered);
    });
    forwarded.on('error', () => answered.destroy());
    answered.on('close', () => forwarded.destroy());
    asked.pipe(forwarded);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return (front.address() as AddressInfo).port;
}

beforeEach(async () => {
  acceptedToken = 'one';
  events.length = 0;
  mount = await mkdtemp(join(tmpdir(), 'service-account-'));
  await writeFile(join(mount, 'token'), 'one');
  await writeFile(join(mount, 'ca.crt'), await fixture('before.crt'));
  cluster = await startCluster('shop');
  addService(cluster, 'shop', 'db');
  for (const n of [0, 1]) addPod(cluster, 'shop', `db-${n}`, 'db');
  const sources = { serviceHost: '127.0.0.1', servicePort: await startFront(), serviceAccountDirectory: mount };
  const metrics = createMetrics();
  const api = createKubeApi(await loadClusterAccess(sources), { metrics });
  bridge = startBridge({
    api,
    sink: async (event) => {
      events.push(event);
      return { status: 200 };
    },
    clusterName: 'test',
    namespaces: [],
    metrics,
    log: silentLogger,
  });
  closers.push(
    () => rm(mount, { recursive: true }),
    () => cluster.close(),
    async () => {
      front.closeAllConnections();
      front.close();
    },
    () => api.close(),
    () => bridge.close(),
  );
  await vi.waitFor(() => expect(bridge.readiness().ready).toBe(true), patience);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What the last event knew of a pod. */
const seenReady = (name: string) =>
  events.at(-1)?.data.snapshot?.candidates.find((candidate) => candidate.name === name)?.ready;

it('a bridge loses no event when its token is replaced while its watches are cut', async () => {
  await writeFile(join(mount, 'token'), 'two');
  acceptedToken = 'two';
  front.closeAllConnections();
  setReady(cluster, 'shop', 'db-0', false);
  await vi.waitFor(() => expect(seenReady('db-0')).toBe(false), patience);
  expect(bridge.readiness()).toEqual({ ready: true, reasons: [] });
});

it('a bridge that is refused until its token is replaced is not ready, says why, and loses no event', async () => {
  acceptedToken = 'two';
  front.closeAllConnections();
  setReady(cluster, 'shop', 'db-0', false);
  await vi.waitFor(() => expect(bridge.readiness().reasons.join()).toContain('the watch of pods'), patience);
  expect(seenReady('db-0')).toBe(true);
  const before = events.length;
  await writeFile(join(mount, 'token'), 'two');
  // A hint, perhaps: the pods are seen again, and the other watches not yet.
  await vi.waitFor(
    () => expect(events.slice(before).map(({ type }) => type)).toContain('io.zen-lead.pod.modified'),
    patience,
  );
  await vi.waitFor(() => expect(bridge.readiness().ready).toBe(true), patience);
});

it('a bridge loses no event when the certificate authority of the API server is replaced while its watches are cut', async () => {
  await writeFile(join(mount, 'ca.crt'), await fixture('after.crt'));
  front.setSecureContext({ cert: await fixture('after.crt'), key: await fixture('after.key') });
  front.closeAllConnections();
  setReady(cluster, 'shop', 'db-0', false);
  await vi.waitFor(() => expect(seenReady('db-0')).toBe(false), patience);
  expect(bridge.readiness()).toEqual({ ready: true, reasons: [] });
});
