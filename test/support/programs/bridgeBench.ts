/**
 * BridgeBench: runs a bridge on the embedded API server, over HTTP, with a sink whose answers the
 * test chooses. None of our own modules is faked. The sink stands where functions would.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { type Bridge, type BridgeOptions, startBridge } from '../../../bridge/startBridge.ts';
import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import type { ReplyData } from '../../../lib/events/reply.ts';
import type { SinkAnswer } from '../../../lib/events/sink.ts';
import { clusterSource } from '../../../lib/events/toReply.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { aPodManifest, aPodStatus } from '../objects/aPodManifest.ts';

/** For a test machine that is busy with other things. A test that passes does not wait for it. */
export const PATIENCE_MS = 30_000;
const POLL_MS = 5;

export interface BridgeBench {
  readonly server: EmbeddedApiServer;
  readonly bridge: Bridge;
  readonly metrics: Metrics;
  /** Every event that the sink was handed, in order. */
  readonly events: readonly ReconcileEvent[];
  /** Services that `onConcern` got, in order. */
  readonly concerned: readonly string[];
  /**
   * The events since the last call, once there are so many, as type without `io.zen-lead.` and
   * Service. More than so many are given too, so that a test that compares sees them.
   */
  nextEvents(count: number): Promise<readonly string[]>;
  /** Forgets the events so far. */
  skipEvents(): void;
  close(): Promise<void>;
}

export interface BridgeBenchOptions {
  readonly server: EmbeddedApiServer;
  readonly namespaces?: readonly string[];
  /** Absent: 200 without a reply. */
  readonly answer?: (event: ReconcileEvent) => SinkAnswer | Promise<SinkAnswer>;
  readonly tuning?: BridgeOptions['tuning'];
  readonly checks?: BridgeOptions['checks'];
}

/** Ends with the test. */
export function aBench(options: BridgeBenchOptions): BridgeBench {
  const bench = startBench(options);
  onTestFinished(() => bench.close());
  return bench;
}

function startBench({ server, namespaces = [], answer, tuning, checks }: BridgeBenchOptions): BridgeBench {
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const events: ReconcileEvent[] = [];
  const concerned: string[] = [];
  let seen = 0;
  const bridge = startBridge({
    api,
    sink: async (event) => {
      events.push(event);
      return answer === undefined ? { status: 200 } : answer(event);
    },
    clusterName: 'test',
    namespaces,
    metrics,
    log: silentLogger,
    onConcern: ({ namespace, name }) => concerned.push(`${namespace}/${name}`),
    // No resync unless a test is about it, because it would stand among the events that are
    // counted.
    tuning: { resync: { periodMs: 3_600_000, tickMs: 60_000 }, ...tuning },
    checks,
  });
  return {
    server,
    bridge,
    metrics,
    events,
    concerned,
    async nextEvents(count) {
      for (const until = Date.now() + PATIENCE_MS; events.length - seen < count && Date.now() < until; )
        await sleep(POLL_MS);
      const fresh = events.slice(seen);
      seen = events.length;
      return fresh.map(({ type, partitionkey }) => `${type.slice('io.zen-lead.'.length)} ${partitionkey}`);
    },
    skipEvents() {
      seen = events.length;
    },
    async close() {
      await bridge.close();
      await api.close();
    },
  };
}

/** Ends with the test. */
export async function anApiServer(...namespaces: readonly string[]): Promise<EmbeddedApiServer> {
  const server = await startCluster(...namespaces);
  onTestFinished(() => server.close());
  return server;
}

export async function startCluster(...namespaces: readonly string[]): Promise<EmbeddedApiServer> {
  const server = await startApiServer();
  for (const name of namespaces) server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return server;
}

export function addService({ objects }: EmbeddedApiServer, namespace: string, name: string, optedIn = true): void {
  objects.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, annotations: optedIn ? { 'zen-lead.io/enabled': 'true' } : {} },
    spec: { selector: { app: name }, ports: [{ port: 5432 }] },
  });
}

export function addPod({ objects }: EmbeddedApiServer, namespace: string, name: string, app: string): void {
  objects.create(aPodManifest({ name, namespace, labels: { app } }));
  setReady({ objects }, namespace, name, true);
}

export function setReady(
  { objects }: Pick<EmbeddedApiServer, 'objects'>,
  namespace: string,
  name: string,
  ready: boolean,
): void {
  const ip = `10.0.0.${(Number(/\d+$/.exec(name)?.[0] ?? 0) % 250) + 1}`;
  const status = aPodStatus({ ready, ips: [ip] });
  objects.patchStatus({ resource: 'pods', namespace, name }, { status });
}

/** What a function makes for an opted-in Service without a leader. */
export function addLeader({ objects }: EmbeddedApiServer, namespace: string, source: string): void {
  const uid = objects.read({ resource: 'services', namespace, name: source })?.metadata.uid;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Service', name: source, uid, controller: true }];
  const name = `${source}-leader`;
  objects.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': source },
      ownerReferences,
    },
    spec: { ports: [{ port: 5432 }] },
  });
  objects.create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-ipv4`,
      namespace,
      labels: { 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'zen-lead.io' },
      annotations: { 'zen-lead.io/epoch': '1' },
      ownerReferences,
    },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  });
}

export function aReply(event: ReconcileEvent, data: Partial<ReplyData>): SinkAnswer {
  return {
    status: 200,
    reply: {
      specversion: '1.0',
      id: 'reply',
      type: 'io.zen-lead.leader.kept',
      source: clusterSource('test'),
      subject: event.subject,
      time: event.time,
      datacontenttype: 'application/json',
      data: { decision: 'kept', reason: 'LeaderFit', previous: null, leader: null, epoch: 1, basis: 'event', ...data },
    },
  };
}
