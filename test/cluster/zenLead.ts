/**
 * Installs zen-lead in the cluster as a user would: an image, and an overlay of deploy/knative
 * applied with kubectl.
 */

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cluster } from './attachCluster.ts';

type Overlay =
  | 'first'
  | 'second'
  | 'load'
  | 'zero'
  | 'events'
  | 'sink-binding'
  | 'api-server-source'
  | 'postgresql'
  | 'nodes'
  | 'node-check'
  | 'scale-down';

const execute = promisify(execFile);
const image = resolve(import.meta.dirname, '../../deploy/image.ts');
const namespace = 'zen-lead';
/** An idle machine needs seconds. */
const readyTimeoutMs = 120_000;

/**
 * Runs `npm run image` twice under two names. The bundle contains its build time, so the second is
 * another image.
 */
export async function loadImages(cluster: Cluster): Promise<void> {
  for (const tag of ['1', '2']) {
    const out = join(cluster.directory, 'images', `zen-lead-${tag}.tar`);
    await execute(process.execPath, [image, '--uncompressed', '--name', `dev.local/zen-lead:${tag}`, '--out', out]);
    await cluster.loadImage(out);
  }
}

export async function applyOverlay(cluster: Cluster, overlay: Overlay): Promise<void> {
  await cluster.kubectl('apply', '-k', resolve(import.meta.dirname, 'overlays', overlay));
}

/**
 * Waits also until the newest revision has the traffic, and the newest bridge has replaced the
 * others.
 */
export async function waitUntilReady(cluster: Cluster): Promise<void> {
  await cluster.kubectl('-n', namespace, 'rollout', 'status', 'deploy/zen-lead-bridge', '--timeout=120s');
  await waitUntilRouted(cluster);
}

/** Waits for the functions alone. */
export async function waitUntilRouted(cluster: Cluster): Promise<void> {
  const deadlineAt = Date.now() + readyTimeoutMs;
  while (!(await isRouted(cluster))) {
    if (Date.now() > deadlineAt) throw new Error(`the functions are not ready:\n${await describe(cluster)}`);
    await sleep(250);
  }
}

async function isRouted(cluster: Cluster): Promise<boolean> {
  const service = await readFunctions(cluster);
  const isReady =
    service.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return isReady && service.status?.observedGeneration === service.metadata.generation;
}

interface KnativeService {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly latestReadyRevisionName?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

async function readFunctions(cluster: Cluster): Promise<KnativeService> {
  return JSON.parse(await cluster.kubectl('-n', namespace, 'get', 'ksvc', 'zen-lead-functions', '-o', 'json'));
}

/** Counts those of the newest revision. */
export async function countReadyFunctions(cluster: Cluster): Promise<number> {
  const { status } = await readFunctions(cluster);
  const selector = `serving.knative.dev/revision=${status?.latestReadyRevisionName ?? ''}`;
  const output = await cluster.kubectl(
    ...['-n', namespace, 'get', 'pods', '-l', selector, '-o'],
    `jsonpath={range .items[*]}{.status.phase}{" "}{.status.containerStatuses[*].ready}{"\\n"}{end}`,
  );
  return output.split('\n').filter((line) => line === 'Running true true').length;
}

/** Returns the names of running pods, of the bridge or of the functions. */
export async function listPods(cluster: Cluster, half: 'bridge' | 'functions'): Promise<readonly string[]> {
  const selector = `app.kubernetes.io/name=zen-lead-${half}`;
  const output = await cluster.kubectl('-n', namespace, 'get', 'pods', '-l', selector, '-o', 'name');
  return output
    .split('\n')
    .filter((name) => name !== '')
    .map((name) => name.replace('pod/', ''));
}

/** Returns the page of metrics of a pod. */
export function readMetrics(cluster: Cluster, pod: string): Promise<string> {
  return cluster.kubectl('get', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}:8081/proxy/metrics`);
}

function describe(cluster: Cluster): Promise<string> {
  return cluster.kubectl(
    '-n',
    namespace,
    'get',
    'ksvc,revision,pods,ingresses.networking.internal.knative.dev',
    '-o',
    'wide',
  );
}
