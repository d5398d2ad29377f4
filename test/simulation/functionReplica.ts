/**
 * startFunctionReplica: starts one function process, with the real reconciles and announcer, on a
 * simulated API server and EVENTS_SINK.
 */

import { createAnnouncer } from '../../functions/announce/announce.ts';
import { createReconcilerSink } from '../../functions/inProcessSink.ts';
import { createReconciler } from '../../functions/reconcile/reconciler.ts';
import { createVerdictIntake, type Report } from '../../functions/verdicts/verdictIntake.ts';
import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { ReplyEvent } from '../../lib/events/reply.ts';
import type { Sink } from '../../lib/events/sink.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import type { Fence } from './fence.ts';
import type { Network } from './network.ts';
import type { Process, Scheduler } from './scheduler.ts';
import { sharedMetrics } from './sharedMetrics.ts';

export interface FunctionReplica {
  readonly process: Process;
  readonly handle: Sink;
  /** Of a caller from outside. Resolves to the answer in one word. */
  report(caller: string, about: Report): Promise<string>;
}

export interface FunctionReplicaOptions {
  readonly process: Process;
  readonly api: KubeApi;
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly fence: Fence;
  /** An announcement has arrived. */
  onAnnounced(event: ReplyEvent): void;
}

/** A caller gives up then. */
const REPORT_TIMEOUT_MS = 5_000;

export function startFunctionReplica(options: FunctionReplicaOptions): FunctionReplica {
  const { process, network, scheduler, fence } = options;
  const { now } = process.clock;
  const api = fence.wrapFunctionApi(options.api);

  /** EVENTS_SINK, which may lose an announcement, or take it and lose the answer. */
  const eventsSink = (event: ReplyEvent, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new ZenLeadError('SINK_UNAVAILABLE', 'EVENTS_SINK: no answer', { retry: 'later' }));
      signal.addEventListener('abort', fail, { once: true });
      const thereMs = network.delayMs(process.name, 'events', 1_000);
      if (thereMs === null) return;
      scheduler.schedule(thereMs, () => {
        options.onAnnounced(event);
        const backMs = network.delayMs('events', process.name, 1_000);
        if (backMs !== null) process.schedule(backMs, resolve);
      });
    });

  const timeoutSignal = (timeoutMs: number): AbortSignal => {
    const controller = new AbortController();
    process.schedule(timeoutMs, () => controller.abort());
    return controller.signal;
  };
  const shared = { api, clusterName: 'simulated', metrics: sharedMetrics, log: silentLogger, now };
  const announcer = createAnnouncer({ ...shared, eventsSink, timeoutSignal });
  const reconciler = createReconciler({ ...shared, announcer, timeoutSignal, ...fence.hints });
  const intake = createVerdictIntake({
    ...{ api, reconciler, metrics: sharedMetrics, log: silentLogger, now },
    monotonicNow: process.clock.monotonic,
    identify: (authorization = '') => Promise.resolve({ name: authorization, uid: '', groups: [] }),
  });
  return {
    process,
    handle: fence.wrapFunction(createReconcilerSink(reconciler)),
    async report(caller, about) {
      try {
        return (await intake.report(caller, about, timeoutSignal(REPORT_TIMEOUT_MS))).data.reason;
      } catch (error) {
        return codeOf(error) ?? String(error);
      }
    },
  };
}
