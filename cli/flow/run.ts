/**
 * Runs `zen-flow run`, bridge and functions of flows in one process. It serves probes and metrics,
 * and takes no events from outside.
 *
 * Guarantees: it waits for an API server that is not there yet. SIGTERM ends it with exit code 0
 * once what is in flight is done.
 */

import { createFlowFeed } from '../../api/flows/flowFeed.ts';
import { flowCommands } from '../../lib/config/flowCommands.ts';
import type { CommandLineOf } from '../../lib/config/parseCommandLine.ts';
import type { zenFlow as program } from '../../lib/config/program.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
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
import { startZenFlow } from './startZenFlow.ts';

export async function run(
  values: ValuesOf<(typeof flowCommands)['run']['settings']>,
  readSettings: () => Promise<CommandLineOf<typeof program>>,
): Promise<void> {
  const stopped = waitForStopSignal();
  limitHeapGrowth();
  const log = createLogger(values.logLevel, 'zen-flow');
  const metrics = createMetrics();
  const flowMetrics = createFlowMetrics(metrics.registry);
  recordBuild(metrics);
  // Closes in reverse order, also when a later step fails.
  await using open = new AsyncDisposableStack();
  const tracing = open.adopt(await startTracing(values, 'zen-flow'), (one) => one.close());
  const feed = createFlowFeed();
  open.defer(() => feed.close());
  const access = await loadAccess(values);
  const tuning = toBridgeTuning(values);
  const lease = toLeaseSettings(values, access.namespace);
  const api = open.adopt(connectTo(access, metrics, log, tracing), (one) => one.close());
  const { clusterName, namespaces, eventsSink } = values;
  const told = { eventsSink, eventsSinkOptions: { caCerts: values.caCerts, extensions: values.ceOverrides } };
  const where = { api, clusterName, namespaces, tuning, lease };
  const zenFlow = startZenFlow({ ...where, onConcern: feed.note, ...told, metrics, flowMetrics, log, tracing });
  open.defer(() => zenFlow.close());
  leaveSmallHeapToV8(() => zenFlow.readiness().ready, heapOfFlows);
  const host = chooseListenHost(values);
  feed.follow(zenFlow);
  const flows = { feed, viewOf: zenFlow.viewOf };
  const { statusHosts } = values;
  const probes = await startProbes({
    host,
    port: values.port,
    metrics,
    isReady: zenFlow.readiness,
    flows,
    statusHosts,
  });
  open.defer(() => probes.close());
  log.info({ url: probes.url, clusterName, namespaces }, 'started');
  open.adopt(followConfig({ values, readSettings, log, commands: flowCommands }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
