/**
 * Runs `zen-lead demo`, which shows a failover without a cluster. With `--keep` it stays, to try
 * kubectl against it.
 *
 * Guarantees: a step that does not happen ends it with an error, never with a picture of success.
 * It leaves no file behind.
 */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiServer } from '../../api/startApi.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import { createLogger, type Logger } from '../../lib/telemetry/logger.ts';
import { type DemoCluster, startDemoCluster } from '../demo/cluster/demoCluster.ts';
import { showPlayground } from '../demo/playground.ts';
import { createScreen } from '../demo/screen.ts';
import { tellStory } from '../demo/story.ts';
import { waitForStopSignal } from '../stopSignal.ts';

export async function demo(values: Values<'demo'>): Promise<void> {
  // A reader that goes away (`zen-lead demo | head`) ends it as Ctrl-C does.
  const stopped = Promise.race([waitForStopSignal(), once(process.stdout, 'error')]);
  const screen = createScreen(process.stdout, process.stdout.isTTY === true && !values.noColor);
  const failed = Promise.withResolvers<never>();
  // It may fail while closing, when nothing waits for it any more.
  failed.promise.catch(() => {});
  await using open = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'zen-lead-demo-'));
  open.defer(() => rm(directory, { recursive: true }));
  const kubeconfigPath = join(directory, 'kubeconfig');
  const log = createLogger(values.logLevel, 'zen-lead');
  const cluster = await startDemoCluster({ port: values.port, kubeconfigPath, log, onError: failed.reject });
  open.defer(() => cluster.close());

  const api = values.keep ? await serveApi(cluster, log, open) : null;
  const pageUrl = api === null ? null : await servePage(cluster, api.locks, open);
  if (pageUrl !== null) screen.line(`Live page: ${pageUrl}\n`);
  const told = tellStory(cluster, screen).then(() => true);
  const isTold = await Promise.race([told, stopped.then(() => false), failed.promise]);
  if (isTold && pageUrl !== null) {
    showPlayground({ cluster, screen, kubeconfigPath, pageUrl, apiUrl: api?.url ?? '' });
    await Promise.race([stopped, failed.promise]);
  } else if (isTold) {
    screen.line('\nTo play with it: npx zen-lead demo --keep');
    screen.line('In a cluster:    npx zen-lead run, and annotate a Service of yours');
  }
}

/** Loaded only with `--keep`, because the demo itself needs no web server. */
async function servePage(
  { feed, metrics, readObservations }: DemoCluster,
  readLocks: ApiServer['locks'],
  open: AsyncDisposableStack,
): Promise<string> {
  const { startProbes } = await import('../serve/startProbes.ts');
  const { readiness: isReady } = feed;
  const { url, close } = await startProbes({
    ...{ host: '127.0.0.1', port: 0, metrics, isReady, feed, readLocks, readObservations },
  });
  open.defer(close);
  return url;
}

/** For everybody on this machine, as the embedded Kubernetes API is. */
async function serveApi(
  { answering, feed, metrics }: DemoCluster,
  log: Logger,
  open: AsyncDisposableStack,
): Promise<ApiServer> {
  const { startApi } = await import('../../api/startApi.ts');
  const server = await startApi({
    ...{ ...answering, status: feed, isReady: feed.readiness, namespaces: [], metrics, log },
    ...{ auth: 'none', audience: '', hosts: [], maxSkewMs: 0, host: '127.0.0.1', port: 0, tls: undefined },
  });
  open.defer(() => server.close());
  return server;
}
