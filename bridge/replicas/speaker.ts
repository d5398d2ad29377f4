/**
 * createSpeaker: who of several replicas says what (docs/architecture.md#replicas). Every concern passes here right before it would
 * be sent; the one that holds the Lease sends it at once, with a snapshot, and every other replica leaves it to the hedge.
 *
 * Guarantees: asked at the moment of sending, so a holder that was frozen acts on no old belief, whatever waited in its queue. Whoever takes the
 * Lease looks at every Service, so that the timers and announcements of the one before are taken up.
 * Not guaranteed: that only one speaks (lease.ts says why, and why that is harmless).
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Clock } from '../clock.ts';
import type { Concern } from '../queue/concern.ts';
import { createHedge } from './hedge.ts';
import { type Lease, startLease } from './lease.ts';
import { defaultLeaseTuning, type LeaseTuning } from './leaseTuning.ts';

/** Which Lease, and as whom. */
export interface LeaseSettings {
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other. */
  readonly identity: string;
  readonly tuning?: LeaseTuning;
  /** Milliseconds from any start, never set back. Default: of this process. */
  readonly monotonicNow?: () => number;
}

/** What the domain's own rules would do about one source, going by the store. */
export interface Wish {
  /** Something would change that cannot wait for the replica that sends first. */
  readonly wantsChange: boolean;
  /** Epoch milliseconds: when time alone may change the answer; null: never. */
  readonly nextAt: number | null;
}

export interface SpeakerOptions<C> {
  /** Absent: this replica is alone, or nobody knows of another. */
  readonly lease: LeaseSettings | undefined;
  readonly api: KubeApi;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Pick<Metrics, 'hedges'>;
  readonly log: Logger;
  dryRun(concern: C): Wish;
  isProgress(concern: C): boolean;
  /** Judge it again then: a wish may come with time alone. */
  recheckAt(concern: C, at: number | null): void;
  /** Into the queue; it comes back through `admits`. */
  send(concern: C): void;
  reconcileEverything(): void;
}

export interface Speaker<C> {
  /** Whether snapshots, timers, resyncs and gauges are this replica's to send. Asked anew each time. */
  isFirst(): boolean;
  /** False: it is left to whoever speaks first, and must not be sent. */
  admits(concern: C): boolean;
  /** What was admitted has been answered or given up. */
  finish(key: string): void;
  /** Once, when every list is complete: one that knows nothing yet must not hold the Lease. */
  start(): void;
  /** When nothing is in flight any more. */
  close(): Promise<void>;
}

export function createSpeaker<C extends Concern>(options: SpeakerOptions<C>): Speaker<C> {
  const { lease: settings, clock, metrics, dryRun, recheckAt, send } = options;
  const isAlone = settings === undefined;
  let lease: Lease | undefined;
  const isFirst = (): boolean => isAlone || (lease?.isHolder() ?? false);
  const hedge = createHedge<C>({
    clock,
    random: options.random,
    wantsChange(concern) {
      const { wantsChange, nextAt } = dryRun(concern);
      recheckAt(concern, nextAt);
      return wantsChange;
    },
    isProgress: options.isProgress,
    send(concern) {
      metrics.hedges.inc();
      send(concern);
    },
  });

  function takeOver(): void {
    hedge.clear();
    options.reconcileEverything();
  }

  return {
    isFirst,
    admits: (concern) => isFirst() || hedge.admits(concern),
    finish: hedge.finish,
    start() {
      if (settings === undefined) return;
      const { tuning = defaultLeaseTuning, monotonicNow = () => performance.now() } = settings;
      const scope = options.namespaces.length === 0 ? '*' : [...options.namespaces].sort().join(',');
      lease = startLease({ ...options, ...settings, scope, tuning, monotonicNow, onTaken: takeOver });
    },
    async close() {
      hedge.clear();
      await lease?.close();
    },
  };
}
