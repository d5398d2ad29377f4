/**
 * Runs `zen-flow functions`, which answers CloudEvents about flows, and writes records and Jobs.
 * Knative scales it.
 *
 * Guarantees: SIGTERM ends it with exit code 0. It finishes requests in flight, and takes no new
 * ones.
 */

import { startFlowFunctions } from '../../functions/startFlowFunctions.ts';
import { flowCommands } from '../../lib/config/flowCommands.ts';
import type { CommandLineOf } from '../../lib/config/parseCommandLine.ts';
import type { zenFlow } from '../../lib/config/program.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { recordBuild } from '../../lib/telemetry/build.ts';
import { createFlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startTracing } from '../../lib/telemetry/startTracing.ts';
import { connect } from '../connect.ts';
import { followConfig } from '../serve/followConfig.ts';
import { chooseListenHost } from '../serve/listenHost.ts';
import { waitForStopSignal } from '../stopSignal.ts';

export async function functions(
  values: ValuesOf<(typeof flowCommands)['functions']['settings']>,
  readSettings: () => Promise<CommandLineOf<typeof zenFlow>>,
): Promise<void> {
  const stopped = waitForStopSignal();
  const log = createLogger(values.logLevel, 'zen-flow-functions');
  const metrics = createMetrics();
  const flowMetrics = createFlowMetrics(metrics.registry);
  recordBuild(metrics);
  await using open = new AsyncDisposableStack();
  const tracing = open.adopt(await startTracing(values, 'zen-flow-functions'), (one) => one.close());
  const api = open.adopt(await connect(values, metrics, log, tracing), (one) => one.close());
  const { clusterName, port, trustedSender, audience, acceptHints, maxHints, bodyLimitBytes, maxConnections } = values;
  const told = {
    eventsSink: values.eventsSink,
    eventsSinkOptions: { caCerts: values.caCerts, extensions: values.ceOverrides },
  };
  const trust = { trustedSender, audience, acceptHints };
  const limits = { maxHints, bodyLimitBytes, maxConnections };
  const host = chooseListenHost(values);
  const where = { api, clusterName, port, host };
  const server = await startFlowFunctions({ ...where, ...trust, ...limits, ...told, metrics, flowMetrics, log });
  open.defer(() => server.close());
  log.info({ url: server.url, clusterName, trustedSender }, 'started');
  open.adopt(followConfig({ values, readSettings, log, commands: flowCommands }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
