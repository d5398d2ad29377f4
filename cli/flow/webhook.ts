/**
 * Runs `zen-flow webhook`, which the API server asks before it takes a flow.
 *
 * Guarantees: SIGTERM ends it with exit code 0, and finishes what is in flight.
 */

import { flowCommands } from '../../lib/config/flowCommands.ts';
import type { CommandLineOf } from '../../lib/config/parseCommandLine.ts';
import type { zenFlow } from '../../lib/config/program.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { recordBuild } from '../../lib/telemetry/build.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startTracing } from '../../lib/telemetry/startTracing.ts';
import { startWebhook } from '../../webhooks/startWebhook.ts';
import { connectTo, loadAccess } from '../connect.ts';
import { followConfig } from '../serve/followConfig.ts';
import { chooseListenHost } from '../serve/listenHost.ts';
import { toTlsFiles } from '../serve/tlsFiles.ts';
import { waitForStopSignal } from '../stopSignal.ts';

type Values = ValuesOf<(typeof flowCommands)['webhook']['settings']>;

export async function webhook(
  values: Values,
  readSettings: () => Promise<CommandLineOf<typeof zenFlow>>,
): Promise<void> {
  const stopped = waitForStopSignal();
  const log = createLogger(values.logLevel, 'zen-flow-webhook');
  const metrics = createMetrics();
  recordBuild(metrics);
  await using open = new AsyncDisposableStack();
  const tracing = open.adopt(await startTracing(values, 'zen-flow-webhook'), (one) => one.close());
  const access = await loadAccess(values);
  const api = open.adopt(connectTo(access, metrics, log, tracing), (one) => one.close());
  const { port, tlsSecret: secret, webhookService: service, webhookConfiguration: configuration } = values;
  const server = await startWebhook({
    api,
    port,
    host: chooseListenHost(values),
    files: toTlsFiles(values),
    own: { namespace: access.namespace ?? 'default', secret, service, configuration },
    triesJobs: !values.skipDryRun,
    metrics,
    log,
  });
  open.defer(() => server.close());
  log.info({ url: server.url }, 'started');
  open.adopt(followConfig({ values, readSettings, log, commands: flowCommands }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
