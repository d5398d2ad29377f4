/**
 * Starts the two halves of zen-flow over HTTP, on the embedded API, in this process. They end with
 * the test.
 */

import type { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { createEventPoster } from '../../../bridge/delivery/eventPoster.ts';
import { createHttpSink } from '../../../bridge/delivery/httpSink.ts';
import type { LeaseSettings } from '../../../bridge/replicas/sendingReplica.ts';
import { startFlowHttpBridge } from '../../../bridge/startFlowBridge.ts';
import { createApp } from '../../../functions/app.ts';
import type { Sender } from '../../../functions/authenticate.ts';
import { openFlowAnnouncer } from '../../../functions/flows/flowAnnouncer.ts';
import { createFlowHandler } from '../../../functions/flows/flowHandler.ts';
import { createNewsDesk } from '../../../functions/flows/newsDesk.ts';
import type { FlowEvent } from '../../../lib/flow/events/flowEvent.ts';
import type { PackedSnapshot } from '../../../lib/flow/events/packSnapshot.ts';
import { parseFlowReply } from '../../../lib/flow/events/parseFlowReply.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { connect } from './aFlowCluster.ts';

export interface FlowFunctions {
  readonly url: string;
  /** Values of one metric by its labels: `hints_total` -> { 'reason="late"': 1 }. */
  count(name: string): Promise<Readonly<Record<string, number>>>;
  /** All of /metrics. */
  page(): Promise<string>;
  close(): Promise<void>;
}

/** `sender`: of a request without a token. With one it is trusted. */
export async function startFlowFunctionsOn(
  server: EmbeddedApiServer,
  sender: Sender = 'trusted',
  port = 0,
  eventsSink?: string,
): Promise<FlowFunctions> {
  const { api, metrics } = connect(server);
  const flowMetrics = createFlowMetrics(metrics.registry);
  const deps = { api, log: silentLogger, metrics: flowMetrics, now: Date.now };
  const announcer = openFlowAnnouncer({ eventsSink }, { clusterName: 'here', ...deps });
  const news = createNewsDesk(deps);
  const app = createApp({
    handler: createFlowHandler({ ...deps, announcer, news }),
    authenticate: async (authorization) => (authorization === undefined ? sender : 'trusted'),
    metrics,
    log: silentLogger,
    isReady: () => ({ ready: true, reasons: [] }),
  });
  const url = await app.listen({ host: '127.0.0.1', port });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    app.server.closeAllConnections();
    await app.close();
    await news.close();
    await api.close();
  };
  onTestFinished(close);
  return {
    url,
    close,
    count: (name) => readCounts(metrics.registry, name),
    page: () => metrics.registry.metrics(),
  };
}

async function readCounts(registry: Registry, name: string): Promise<Readonly<Record<string, number>>> {
  const page = await registry.getSingleMetricAsString(`zen_flow_${name}`);
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const values = lines.flatMap((line) => {
    const [, labels = '', value = ''] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return value === '' ? [] : [[labels, Number(value)] as const];
  });
  return Object.fromEntries(values);
}

export interface FlowBridgeTo extends Pick<FlowFunctions, 'count' | 'page'> {
  /** Each event, as it is sent. */
  readonly sent: readonly FlowEvent<PackedSnapshot>[];
}

/** `lease`: absent where this bridge is alone. */
export function startFlowBridgeTo(server: EmbeddedApiServer, sinkUrl: string, lease?: LeaseSettings): FlowBridgeTo {
  const { api, metrics } = connect(server);
  const poster = createEventPoster({ url: sinkUrl, now: Date.now });
  const post = createHttpSink(poster, parseFlowReply, Date.now);
  const sent: FlowEvent<PackedSnapshot>[] = [];
  const bridge = startFlowHttpBridge({
    api,
    sinkUrl,
    sink(event, signal) {
      sent.push(event);
      return post(event, signal);
    },
    clusterName: 'test',
    namespaces: [],
    metrics,
    flowMetrics: createFlowMetrics(metrics.registry),
    log: silentLogger,
    lease,
  });
  onTestFinished(async () => {
    await bridge.close();
    await poster.close();
    await api.close();
  });
  return { sent, count: (name) => readCounts(metrics.registry, name), page: () => metrics.registry.metrics() };
}
