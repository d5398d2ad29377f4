/**
 * Runs `zen-flow bridge`, which watches flows, records, Jobs and schedules. It posts an event to
 * the functions for every change that may lead a flow on.
 *
 * Guarantees: the bridge waits for an API server or a sink that is not there yet. SIGTERM ends it
 * with exit code 0 once what is in flight is done.
 */

import { createFlowFeed } from '../../api/flows/flowFeed.ts';
import { createEventPoster } from '../../bridge/delivery/eventPoster.ts';
import { createHttpSink } from '../../bridge/delivery/httpSink.ts';
import { startFlowHttpBridge } from '../../bridge/startFlowBridge.ts';
import { startScheduleBridge } from '../../bridge/startScheduleBridge.ts';
import { flowCommands } from '../../lib/config/flowCommands.ts';
import type { CommandLineOf } from '../../lib/config/parseCommandLine.ts';
import type { zenFlow } from '../../lib/config/program.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { parseFlowReply } from '../../lib/flow/events/parseFlowReply.ts';
import { parseScheduleReply } from '../../lib/flow/events/scheduleEvent.ts';
import { recordBuild } from '../../lib/telemetry/build.ts';
import { createFlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startTracing } from '../../lib/telemetry/startTracing.ts';
import { connectTo, loadAccess } from '../connect.ts';
import { toBridgeTuning } from '../serve/bridgeTuning.ts';
import { followConfig } from '../serve/followConfig.ts';
import { toLeaseSettings } from '../serve/leaseSettings.ts';
import { leaveSmallHeapToV8, limitHeapGrowth } from '../serve/limitHeapGrowth.ts';
import { chooseListenHost } from '../serve/listenHost.ts';
import { startProbes } from '../serve/startProbes.ts';
import { waitForStopSignal } from '../stopSignal.ts';
import { heapOfFlows } from './heapOfFlows.ts';

export async function bridge(
  values: ValuesOf<(typeof flowCommands)['bridge']['settings']>,
  readSettings: () => Promise<CommandLineOf<typeof zenFlow>>,
): Promise<void> {
  const stopped = waitForStopSignal();
  limitHeapGrowth();
  const log = createLogger(values.logLevel, 'zen-flow-bridge');
  const metrics = createMetrics();
  const flowMetrics = createFlowMetrics(metrics.registry);
  recordBuild(metrics);
  // Closes in reverse order, also when a later step fails: a port that is taken must not leave a
  // bridge running.
  await using open = new AsyncDisposableStack();
  const { sink: sinkUrl, caCerts, tokenFile, ceOverrides: extensions, clusterName, namespaces, schemasUrl } = values;
  const tracing = open.adopt(await startTracing(values, 'zen-flow-bridge'), (one) => one.close());
  const feed = createFlowFeed();
  open.defer(() => feed.close());
  const access = await loadAccess(values);
  const tuning = toBridgeTuning(values);
  const lease = toLeaseSettings(values, access.namespace);
  const api = open.adopt(connectTo(access, metrics, log, tracing), (one) => one.close());
  const openPoster = (url: string, token: string | undefined) =>
    open.adopt(createEventPoster({ url, caCerts, tokenFile: token, extensions, now: Date.now }), (one) => one.close());
  const sink = createHttpSink(openPoster(sinkUrl, tokenFile), parseFlowReply, Date.now);
  // Without the token, which is made for the functions alone.
  const deadLetterSink = values.deadLetterSink === undefined ? undefined : openPoster(values.deadLetterSink, undefined);
  const where = { api, sink, sinkUrl, deadLetterSink, clusterName, schemasUrl, namespaces };
  const started = startFlowHttpBridge({
    ...where,
    onConcern: feed.note,
    metrics,
    flowMetrics,
    log,
    tracing,
    tuning,
    lease,
  });
  open.defer(() => started.close());
  const scheduleSink = createHttpSink(openPoster(sinkUrl, tokenFile), parseScheduleReply, Date.now);
  const schedules = startScheduleBridge({ ...where, sink: scheduleSink, log, tracing });
  open.defer(() => schedules.close());
  leaveSmallHeapToV8(() => started.readiness().ready, heapOfFlows);
  const host = chooseListenHost(values);
  feed.follow(started);
  const flows = { feed, viewOf: started.viewOf };
  const { statusHosts } = values;
  const probes = await startProbes({
    host,
    port: values.port,
    metrics,
    isReady: started.readiness,
    flows,
    statusHosts,
  });
  open.defer(() => probes.close());
  log.info({ url: probes.url, sink: sinkUrl, clusterName, namespaces }, 'started');
  open.adopt(followConfig({ values, readSettings, log, commands: flowCommands }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
