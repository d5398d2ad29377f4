/**
 * Runs `zen-lead run`, bridge and functions in one process. It serves probes, metrics and status,
 * and takes no events from outside.
 *
 * Guarantees: it waits for an API server that is not there yet. SIGTERM ends it with exit code 0
 * once what is in flight is done.
 */

import { createPoolFeed } from '../../api/leaders/poolFeed.ts';
import type { ApiServer } from '../../api/startApi.ts';
import { createStatusFeed } from '../../api/statusFeed.ts';
import { createEventPoster } from '../../bridge/delivery/eventPoster.ts';
import { createAddressIndex } from '../../bridge/leaders/addressIndex.ts';
import type { CommandLine, Values } from '../../lib/config/parseCommandLine.ts';
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
import { startManualLocks } from '../serve/startManualLocks.ts';
import { startProbes } from '../serve/startProbes.ts';
import { startZenLead } from '../serve/startZenLead.ts';
import { toTlsFiles } from '../serve/tlsFiles.ts';
import { waitForStopSignal } from '../stopSignal.ts';

export async function run(values: Values<'run'>, readSettings: () => Promise<CommandLine>): Promise<void> {
  const stopped = waitForStopSignal();
  limitHeapGrowth();
  const log = createLogger(values.logLevel, 'zen-lead');
  const metrics = createMetrics({ perServiceLimit: values.metricsPerServiceLimit });
  recordBuild(metrics);
  // Closes in reverse order, also when a later step fails: a port that is taken must not leave a
  // bridge running.
  await using open = new AsyncDisposableStack();
  const tracing = open.adopt(await startTracing(values, 'zen-lead'), (one) => one.close());
  const access = await loadAccess(values);
  const tuning = toBridgeTuning(values);
  const lease = toLeaseSettings(values, access.namespace);
  const api = open.adopt(connectTo(access, metrics, log, tracing), (one) => one.close());
  const { clusterName, namespaces, eventsSink } = values;
  const eventsSinkOptions = { caCerts: values.caCerts, extensions: values.ceOverrides };
  const { caCerts, ceOverrides: extensions } = values;
  const deadLetterSink =
    values.deadLetterSink === undefined
      ? undefined
      : open.adopt(
          createEventPoster({ url: values.deadLetterSink, caCerts, tokenFile: undefined, extensions, now: Date.now }),
          (one) => one.close(),
        );
  const feed = createStatusFeed();
  open.defer(() => feed.close());
  const recorder = await openRecorder(values, log);
  open.defer(() => recorder?.close());
  const pools = createPoolFeed();
  const addresses = createAddressIndex();
  const onConcern: typeof feed.note = (source) => {
    feed.note(source);
    pools.note(source);
  };
  const onPod = values.apiPort === undefined ? undefined : addresses.note;
  const watchers = { onConcern, onPod, ...(recorder !== null && { onDelivery: recorder.record }) };
  const { checks, close } = await openHealthChecks(values, log);
  open.defer(close);
  const zenLead = startZenLead({
    api,
    clusterName,
    schemasUrl: values.schemasUrl,
    namespaces,
    eventsSink,
    eventsSinkOptions,
    deadLetterSink,
    scaleDown: values.scaleDown,
    maxHints: values.maxHints,
    tuning,
    lease,
    checks,
    nodes: toNodeHealthOptions(values),
    metrics,
    log,
    tracing,
    ...watchers,
  });
  feed.follow(zenLead);
  pools.follow(zenLead);
  open.defer(() => zenLead.close());
  const host = chooseListenHost(values);
  const { port, statusHosts } = values;
  leaveSmallHeapToV8(() => zenLead.readiness().ready);
  let apiServer: ApiServer | undefined;
  const readLocks = () => apiServer?.locks() ?? null;
  const probes = await startProbes({
    ...{ host, port, metrics, isReady: zenLead.readiness, feed, statusHosts, readLocks },
    readObservations: zenLead.observationsOf,
  });
  open.defer(() => probes.close());
  const maxSkewMs = values.maxClockSkew * 1_000;
  if (values.manualLocks) {
    const claims = startManualLocks({ api, clusterName, namespaces, metrics, log, maxSkewMs });
    open.defer(() => claims.close());
  }
  if (values.apiPort !== undefined) {
    // Only then, because gRPC and its messages cost time and memory to load.
    const { startApi } = await import('../../api/startApi.ts');
    apiServer = await startApi({
      ...{ api, namespaces, pools, status: feed, podsAt: addresses.podsAt, isReady: zenLead.readiness },
      ...{ auth: values.apiAuth, audience: values.audience, maxSkewMs },
      ...{ hosts: statusHosts, metrics, log, host, port: Number(values.apiPort), tls: toTlsFiles(values) },
    });
  }
  open.defer(() => apiServer?.close());
  log.info({ url: probes.url, apiUrl: apiServer?.url, clusterName, namespaces }, 'started');
  open.adopt(followConfig({ values, readSettings, log }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
