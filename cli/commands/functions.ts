/**
 * Runs `zen-lead functions`, which answers CloudEvents and writes EndpointSlices. Knative scales
 * it.
 *
 * Guarantees: SIGTERM ends it with exit code 0. It finishes requests in flight, and takes no new
 * ones.
 */

import { startFunctions } from '../../functions/startFunctions.ts';
import type { CommandLine, Values } from '../../lib/config/parseCommandLine.ts';
import { recordBuild } from '../../lib/telemetry/build.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startTracing } from '../../lib/telemetry/startTracing.ts';
import { connect } from '../connect.ts';
import { followConfig } from '../serve/followConfig.ts';
import { chooseListenHost } from '../serve/listenHost.ts';
import { waitForStopSignal } from '../stopSignal.ts';

export async function functions(values: Values<'functions'>, readSettings: () => Promise<CommandLine>): Promise<void> {
  const stopped = waitForStopSignal();
  const log = createLogger(values.logLevel, 'zen-lead-functions');
  const metrics = createMetrics({ perServiceLimit: values.metricsPerServiceLimit });
  recordBuild(metrics);
  await using open = new AsyncDisposableStack();
  const tracing = open.adopt(await startTracing(values, 'zen-lead-functions'), (one) => one.close());
  const api = open.adopt(await connect(values, metrics, log, tracing), (one) => one.close());
  const { clusterName, port, trustedSender, audience, acceptHints, eventsSink } = values;
  const { maxHints, bodyLimitBytes, maxConnections } = values;
  const eventsSinkOptions = { caCerts: values.caCerts, extensions: values.ceOverrides };
  const trust = { trustedSender, audience, acceptHints, acceptVerdicts: values.acceptVerdicts };
  const host = chooseListenHost(values);
  const server = await startFunctions({
    api,
    clusterName,
    port,
    host,
    ...trust,
    scaleDown: values.scaleDown,
    maxHints,
    bodyLimitBytes,
    maxConnections,
    eventsSink,
    eventsSinkOptions,
    metrics,
    log,
    tracing,
  });
  open.defer(() => server.close());
  log.info({ url: server.url, clusterName, trustedSender }, 'started');
  open.adopt(followConfig({ values, readSettings, log }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
