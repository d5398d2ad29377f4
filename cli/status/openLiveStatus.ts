/**
 * Opens the live status of a cluster for a command: the watches of a bridge, whose events go
 * nowhere.
 *
 * Guarantees: it only reads. It rejects with the API server's error when the first request fails,
 * and with KUBE_TIMEOUT when the lists do not come in. The watches alone would try again for ever,
 * which is right for a bridge and wrong for a person at a terminal.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { createStatusFeed, type StatusFeed } from '../../api/statusFeed.ts';
import { startBridge } from '../../bridge/startBridge.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import { type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';

interface LiveStatus {
  readonly feed: StatusFeed;
  close(): Promise<void>;
}

/** 100,000 pods take about 10 s to list. */
const LISTS_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** Whether nodes may be read is worth no longer wait. */
const NODES_WITHIN_MS = 2_000;

export async function openLiveStatus(
  api: KubeApi,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<LiveStatus> {
  for (const namespace of namespaces.length === 0 ? [undefined] : namespaces) {
    await api.list(services, namespace, { limit: 1 }, signal);
  }
  const feed = createStatusFeed();
  const bridge = startBridge({
    api,
    sink: async () => ({ status: 200 }),
    clusterName: 'status',
    namespaces,
    metrics: createMetrics(),
    log: silentLogger,
    // A user of one namespace misses nothing by not being told of nodes.
    nodes: namespaces.length === 0 ? {} : undefined,
    onConcern: feed.note,
  });
  feed.follow(bridge);
  const close = async (): Promise<void> => {
    feed.close();
    await bridge.close();
  };
  const deadlineAt = Date.now() + LISTS_WITHIN_MS;
  while (!bridge.readiness().ready && !signal.aborted) {
    if (Date.now() > deadlineAt) {
      const why = bridge.readiness().reasons.join('; ');
      await close();
      throw new ZenLeadError(
        'KUBE_TIMEOUT',
        `not everything could be listed within ${LISTS_WITHIN_MS / 1_000} s: ${why}`,
        {
          retry: 'later',
        },
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
  await Promise.race([bridge.nodesAsked, sleep(NODES_WITHIN_MS, undefined, { ref: false })]);
  return { feed, close };
}
