/**
 * What functions need to run, over HTTP or in process, and how it is put together.
 */

import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { noTracing, type Tracing } from '../lib/telemetry/tracing.ts';
import { createAnnouncer } from './announce/announce.ts';
import { createEventsSink, type EventsSinkOptions } from './announce/eventsSink.ts';
import { createReconciler, type Reconciler } from './reconcile/reconciler.ts';
import { traceReconciles } from './reconcile/traceReconciles.ts';

export interface FunctionDeps {
  readonly api: KubeApi;
  readonly clusterName: string;
  /** URL; undefined: leader events go to Kubernetes Events only. */
  readonly eventsSink?: string | undefined;
  readonly eventsSinkOptions?: EventsSinkOptions | undefined;
  /** Whether workloads may be scaled, for Services that ask for it. */
  readonly scaleDown?: boolean | undefined;
  /** Services whose hints are served at once. */
  readonly maxHints?: number | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
  /** Epoch milliseconds. */
  readonly now?: (() => number) | undefined;
  /** A signal that aborts after so many milliseconds. Default: `AbortSignal.timeout`. */
  readonly timeoutSignal?: ((timeoutMs: number) => AbortSignal) | undefined;
}

export function createFunctionReconciler({
  api,
  clusterName,
  eventsSink,
  eventsSinkOptions,
  scaleDown,
  maxHints,
  metrics,
  log,
  tracing = noTracing,
  now = Date.now,
  timeoutSignal = AbortSignal.timeout,
}: FunctionDeps): Reconciler {
  const sink = eventsSink === undefined ? undefined : createEventsSink(eventsSink, eventsSinkOptions);
  const announcer = createAnnouncer({ api, clusterName, eventsSink: sink, metrics, log, now, timeoutSignal });
  const shared = { api, clusterName, announcer, scaleDown, maxHints, metrics, log, tracing, now, timeoutSignal };
  return traceReconciles(createReconciler(shared), tracing);
}
