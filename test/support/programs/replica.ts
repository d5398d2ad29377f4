/**
 * Replica: runs a whole `zen-lead run` in this process (bridge, Lease, in-process functions) with a
 * network and a clock of its own. So one replica can be killed, frozen or partitioned beside
 * another one. None of our own modules is faked.
 */

import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { type CancelTimer, type Clock, systemClock } from '../../../bridge/clock.ts';
import { type Bridge, startBridge } from '../../../bridge/startBridge.ts';
import { createInProcessSink } from '../../../functions/inProcessSink.ts';
import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { startRelay } from '../servers/relay.ts';

export interface Replica {
  readonly name: string;
  readonly bridge: Bridge;
  readonly metrics: Metrics;
  /** Every event that its functions answered, in order. */
  readonly events: readonly ReconcileEvent[];
  /** Every event that it has begun to hand to them, answered or not, in order. */
  readonly sent: readonly ReconcileEvent[];
  isHolder(): Promise<boolean>;
  /** kill -9. It sends nothing more, and has announced nothing. */
  kill(): void;
  /** SIGSTOP. Its timers and its network stand still, and time goes on. */
  freeze(): void;
  /** Stops its timers alone. It sees everything, and nothing that it waits with comes due. */
  stopTimers(): void;
  startTimers(): void;
  /** SIGCONT. Everything that was due or on its way comes at once. */
  wake(): void;
  /**
   * Cuts it off from the API server. No byte passes in either direction, and no connection closes.
   */
  partition(): void;
  heal(): void;
  close(): Promise<void>;
}

/** A tenth of the defaults, so that a story takes a second. The API takes whole seconds. */
export const quickLease = { durationMs: 1_000, periodMs: 200, attemptTimeoutMs: 150 };
/** No replica takes over within a test, so that what happens does not come from the Lease. */
export const slowLease = { durationMs: 60_000, periodMs: 200, attemptTimeoutMs: 150 };

/** Which namespaces it serves, and where its replicas keep their Lease. */
export interface Installation {
  /** Empty for all. */
  readonly namespaces: readonly string[];
  readonly leaseNamespace: string;
}

const onlyInstallation: Installation = { namespaces: [], leaseNamespace: 'default' };

export async function startReplica(
  server: EmbeddedApiServer,
  name: string,
  tuning: typeof quickLease = quickLease,
  { namespaces, leaseNamespace }: Installation = onlyInstallation,
): Promise<Replica> {
  const relay = await startRelay(server.port);
  const metrics = createMetrics();
  const access = { server: relay.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const { clock, stop, go } = createStoppableClock();
  const deps = { api, clusterName: 'test', metrics, log: silentLogger, now: clock.now };
  const events: ReconcileEvent[] = [];
  const functions = createInProcessSink(deps);
  const sent: ReconcileEvent[] = [];
  const bridge = startBridge({
    ...deps,
    sink: (event, signal) => {
      sent.push(event);
      return functions(event, signal);
    },
    namespaces,
    clock,
    lease: { namespace: leaseNamespace, name: 'zen-lead-bridge', identity: name, tuning },
    onDelivery: ({ event }) => events.push(event),
  });
  return {
    name,
    bridge,
    metrics,
    events,
    sent,
    async isHolder() {
      return (await metrics.leaseHolder.get()).values[0]?.value === 1;
    },
    kill() {
      stop();
      relay.cut();
    },
    freeze() {
      stop();
      relay.hold();
    },
    wake() {
      go();
      relay.release();
    },
    stopTimers: stop,
    startTimers: go,
    partition: relay.hold,
    heal: relay.release,
    async close() {
      go();
      relay.cut();
      await bridge.close();
      await api.close();
      await relay.close();
    },
  };
}

/** The system's clock; while it is stopped, timers that come due wait. */
function createStoppableClock(): { clock: Clock; stop(): void; go(): void } {
  let isStopped = false;
  const overdue = new Set<() => void>();
  return {
    clock: {
      now: systemClock.now,
      monotonic: systemClock.monotonic,
      setTimer(callback, delayMs) {
        const cancel: CancelTimer = systemClock.setTimer(() => {
          if (isStopped) overdue.add(callback);
          else callback();
        }, delayMs);
        return () => {
          cancel();
          overdue.delete(callback);
        };
      },
    },
    stop() {
      isStopped = true;
    },
    go() {
      isStopped = false;
      for (const callback of [...overdue]) {
        overdue.delete(callback);
        callback();
      }
    },
  };
}
