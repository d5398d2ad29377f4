/**
 * Runs `zen-lead api`, which answers who leads, whether the pod that asks leads, and keeps locks.
 *
 * Guarantees: it reads Services, pods and slices, and writes the Leases of locks alone; with
 * --manual-locks the status of ManualLocks too. It waits
 * for an API server that is not there yet. SIGTERM ends it with exit code 0, and clients that wait
 * for a lock keep their places.
 */

import { createPoolFeed } from '../../api/leaders/poolFeed.ts';
import { startApi } from '../../api/startApi.ts';
import { createStatusFeed } from '../../api/statusFeed.ts';
import { createAddressIndex } from '../../bridge/leaders/addressIndex.ts';
import { watchLeaders } from '../../bridge/watchLeaders.ts';
import type { CommandLine, Values } from '../../lib/config/parseCommandLine.ts';
import { recordBuild } from '../../lib/telemetry/build.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { connect } from '../connect.ts';
import { followConfig } from '../serve/followConfig.ts';
import { chooseListenHost } from '../serve/listenHost.ts';
import { startManualLocks } from '../serve/startManualLocks.ts';
import { toTlsFiles } from '../serve/tlsFiles.ts';
import { waitForStopSignal } from '../stopSignal.ts';

export async function api(values: Values<'api'>, readSettings: () => Promise<CommandLine>): Promise<void> {
  const stopped = waitForStopSignal();
  const log = createLogger(values.logLevel, 'zen-lead-api');
  const metrics = createMetrics();
  recordBuild(metrics);
  await using open = new AsyncDisposableStack();
  const kubeApi = open.adopt(await connect(values, metrics, log), (one) => one.close());
  const { namespaces, port, audience, apiAuth: auth, statusHosts: hosts } = values;
  const { podsAt, note: onPod } = createAddressIndex();
  const status = createStatusFeed();
  open.defer(() => status.close());
  const pools = createPoolFeed();
  const leaders = watchLeaders({
    api: kubeApi,
    namespaces,
    metrics,
    log,
    onPod,
    onConcern(source) {
      status.note(source);
      pools.note(source);
    },
  });
  status.follow(leaders);
  pools.follow(leaders);
  open.defer(() => leaders.close());
  const maxSkewMs = values.maxClockSkew * 1_000;
  if (values.manualLocks) {
    const { clusterName } = values;
    const claims = startManualLocks({ api: kubeApi, clusterName, namespaces, metrics, log, maxSkewMs });
    open.defer(() => claims.close());
  }
  const server = await startApi({
    api: kubeApi,
    namespaces,
    pools,
    status,
    podsAt,
    isReady: leaders.readiness,
    auth,
    audience,
    hosts,
    maxSkewMs,
    metrics,
    log,
    port,
    host: chooseListenHost(values),
    tls: toTlsFiles(values),
  });
  open.defer(() => server.close());
  log.info({ url: server.url, auth, namespaces }, 'started');
  open.adopt(followConfig({ values, readSettings, log }), (one) => one.close());
  log.info({ signal: await stopped }, 'stopping');
}
