/**
 * What functions need to run, over HTTP or in process, and how it is put together.
 */

import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { createAnnouncer } from './announce.ts';
import { createEventsSink } from './eventsSink.ts';
import { createLooks, type Looks } from './looks.ts';

export interface FunctionDeps {
  readonly api: KubeApi;
  readonly clusterName: string;
  /** URL; undefined: leader events go to Kubernetes Events only. */
  readonly eventsSink?: string | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now?: (() => number) | undefined;
}

export function createFunctionLooks({
  api,
  clusterName,
  eventsSink,
  metrics,
  log,
  now = Date.now,
}: FunctionDeps): Looks {
  const sink = eventsSink === undefined ? undefined : createEventsSink(eventsSink);
  const announcer = createAnnouncer({ api, clusterName, eventsSink: sink, metrics, log, now });
  return createLooks({ api, clusterName, announcer, metrics, log, now });
}
