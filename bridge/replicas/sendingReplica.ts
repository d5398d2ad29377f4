/**
 * createSendingReplica: decides which of several replicas sends an event
 * (docs/architecture.md#replicas). The one that holds the Lease sends at once, with a snapshot.
 * Every other replica leaves a concern to it, and hints at what stays undone (hedge.ts).
 *
 * Guarantees: `sends` is asked at the moment of sending and changes nothing. So a holder that was
 * frozen acts on no old answer, whatever waited in its queue. A replica that takes the Lease
 * reconciles every source: timers and announcements of the previous holder go on.
 * Does not guarantee that one replica at most sends (lease.ts says why, and why that is harmless).
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Clock } from '../clock.ts';
import type { Concern } from '../queue/concern.ts';
import { createHedge, type HedgeOptions } from './hedge.ts';
import { type Lease, startLease } from './lease.ts';
import { defaultLeaseTuning, type LeaseTuning } from './leaseTuning.ts';

/** Which Lease, and under which identity. */
export interface LeaseSettings {
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other. */
  readonly identity: string;
  readonly tuning?: LeaseTuning;
  /** Milliseconds from any start, never set back. Default: of this process. */
  readonly monotonicNow?: () => number;
}

/** `send` puts a hint into the queue; it comes back through `sends`. */
interface SendingReplicaOptions<C> extends HedgeOptions<C> {
  /** Absent where this replica is alone. */
  readonly lease: LeaseSettings | undefined;
  readonly api: KubeApi;
  /** Empty means all. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Pick<Metrics, 'hedges'>;
  readonly log: Logger;
  reconcileEverything(): void;
}

interface SendingReplica<C> {
  /**
   * Whether snapshots, timers, resyncs and gauges are this replica's to send. True at this moment
   * only.
   */
  isFirst(): boolean;
  /** Whether this replica sends it, now. */
  sends(concern: C): boolean;
  /** It does not: leaves the concern to the replica that sends first. */
  leave(concern: C): void;
  /** What was sent has been answered or given up. */
  finish(key: string): void;
  /**
   * Once, when every list is complete: a replica that knows nothing yet must not hold the Lease.
   */
  start(): void;
  /** When nothing is in flight any more. */
  close(): Promise<void>;
}

export function createSendingReplica<C extends Concern>(options: SendingReplicaOptions<C>): SendingReplica<C> {
  const { lease: settings, metrics } = options;
  let lease: Lease | undefined;
  /** Something was left to others since everything was last reconciled. */
  let hasLeft = false;
  const isFirst = (): boolean => settings === undefined || (lease?.isHolder() ?? false);
  const hedge = createHedge<C>({
    ...options,
    send(concern) {
      metrics.hedges.inc();
      options.send(concern);
    },
  });

  function onHeld(wasHeld: boolean): void {
    if (wasHeld && !hasLeft) return;
    hasLeft = false;
    hedge.clear();
    options.reconcileEverything();
  }

  return {
    isFirst,
    sends: (concern) => isFirst() || hedge.isDue(concern),
    leave(concern) {
      hasLeft = true;
      hedge.note(concern);
    },
    finish: hedge.finish,
    start() {
      if (settings === undefined) return;
      const { tuning = defaultLeaseTuning, monotonicNow = () => performance.now() } = settings;
      const scope = options.namespaces.length === 0 ? '*' : [...options.namespaces].sort().join(',');
      lease = startLease({ ...options, ...settings, scope, tuning, monotonicNow, onHeld });
    },
    async close() {
      hedge.clear();
      await lease?.close();
    },
  };
}
