/**
 * Prepares the cluster suite once, before all stories: the cluster, Knative, zen-lead's images,
 * `kubectl apply -k`. Ends it afterwards.
 */

import type { TestProject } from 'vitest/node';
import { findClusterAssets } from './clusterAssets.ts';
import { installKnative } from './installKnative.ts';
import { startCluster } from './startCluster.ts';
import { applyOverlay, loadImages, waitUntilReady } from './zenLead.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `attachCluster` needs this. */
    readonly cluster: { readonly directory: string; readonly pid: number; readonly programs: string };
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const assets = findClusterAssets(process.env);
  // the configuration has printed why, and there are no tests
  if (typeof assets === 'string') return undefined;
  const keepLogs = process.env['ZEN_LEAD_KEEP_LOGS'] !== undefined;
  const started = await timed('Kubernetes', () => startCluster(assets));
  const { cluster } = started;
  const stop = () => started.stop({ keepLogs });
  try {
    await timed('Knative', () => installKnative(cluster, assets));
    await timed('images of zen-lead', () => loadImages(cluster));
    await timed('zen-lead', async () => {
      await applyOverlay(cluster, 'first');
      await waitUntilReady(cluster);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('cluster', { directory: cluster.directory, pid: cluster.pid, programs: assets.directory });
  return stop;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const result = await work();
  console.log(`cluster: ${what} ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}
