/**
 * Runs `zen-lead bridge`, which watches the cluster and posts an event to the functions for every
 * change that may concern a leader.
 *
 * Guarantees: the bridge waits for an API server or a sink that is not there yet. SIGTERM ends it
 * with exit code 0 once what is in flight is done.
 */

import { createStatusFeed } from '../../api/statusFeed.ts';
import { createEventPoster } from '../../bridge/delivery/eventPoster.ts';
import { createHttpSink } from '../../bridge/delivery/httpSink.ts';
import { startBridge } from '../../bridge/startBridge.ts';
import type { CommandLine, Values } from '../../lib/config/parseCommandLine.ts';
import { parseReply } from '../../lib/events/parseReply.ts';
import { recordBuild } from '../../lib/telemetry/build.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startTracing } from '../../lib/telemetry/startTracing.ts';
import { connectTo, loadAccess } from '../connect.ts';
import { toBridgeTuning } from '../serve/bridgeTuning.ts';
import { followConfig } from '../serve/followConfig.ts';
import { openHealthChecks } from '../serve/healthCheckSettings.ts';
import { toLeaseSettings } from '../serve/leaseSettings.ts';
import { leaveSmallHeapToV8, limitHeapGrowth } from '../serve/limitHeapGrowth.ts';
import { chooseListenHost } from '../serve/listenHost.ts';
import { toNodeHealthOptions } from '../serve/nodeSettings.ts';
import { openRecorder } from '../serve/openRecorder.ts';
import { startProbes } from '../serve/startProbes.ts';
import { waitForStopSignal } from '../stopSignal.ts';

export async function bridge(values: Values<'bridge'>, readSettings: () => Promise<CommandLine>): Promise<void> {
  const stopped = waitForStopSignal();
  limitHeapGrowth();
  const log = createLogger(values.logLevel, 'zen-lead-bridge');
  const metrics = createMetrics({ perServiceLimit: values.metricsPerServiceLimit });
  recordBuild(metrics);
  // Closes in reverse order, also when a later step fails: a port that is taken must not leave a
  // bridge running.
  await using open = new AsyncDisposableStack();
  const { sink: sinkUrl, caCerts, tokenFile, ceOverrides: extensions, clusterName, namespaces } = values;
  const tracing = open.adopt(await startTracing(values, 'zen-lead-bridge'), (one) => one.close());
  const access = await loadAccess(values);
  const tuning = toBridgeTuning(values);
  const lease = toLeaseSettings(values, access.namespace);
  const api = open.adopt(connectTo(access, metrics, log, tracing), (one) => one.close());
  const openPoster = (url: string, token: string | undefined) =>
    open.adopt(createEventPoster({ url, caCerts, tokenFile: token, extensions, now: Date.now }), (one) => one.close());
  const poster = openPoster(sinkUrl, tokenFile);
  // Without the token, which is made for the functions alone.
  const deadLetterSink = values.deadLetterSink === undefined ? undefined : openPoster(values.deadLetterSink, undefined);
  const feed = createStatusFeed();
  open.defer(() => feed.close());
  const recorder = await openRecorder(values, log);
  open.defer(() => recorder?.close());
  const { checks, close } = await openHealthChecks(values, log);
  open.defer(close);
  const started = startBridge({
    api,
    sink: createHttpSink(poster, parseReply, Date.now),
    sinkUrl,
    clusterName,
    schemasUrl: values.schemasUrl,
    namespaces,
    metrics,
    log,
    tracing,
    tuning,
    deadLetterSink,
    lease,
    checks,
    nodes: toNodeHealthOptions(values),
    onConcern: feed.note,
    ...(recorder !== null && { onDelivery: recorder.record }),
  });
  feed.follow(started);
  open.defer(() => started.close());
  const host = chooseListenHost(values);
  const { port, statusHosts } = values;
  leaveSmallHeapToV8(() => started.readiness().ready);
  const probes = await startProbes({
    ...{ host, port, metrics, isReady: started.readiness, feed, statusHosts },
    readObservations: started.observationsOf,
  });
  open.defer(() => probes.close());
  log.info({ url: probes.url, sink: sinkUrl, clusterName, namespaces }, 'started');
  open.adopt(followConfig({ values, readSettings, log }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
