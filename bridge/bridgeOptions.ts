/**
 * What a bridge is made of, and what whoever started it can ask of it. Taken by `startBridge`.
 */

import type { Sink } from '../lib/events/sink.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Snapshot } from '../lib/selection/snapshot.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import type { Readiness } from '../lib/telemetry/probes.ts';
import type { Tracing } from '../lib/telemetry/tracing.ts';
import type { Clock } from './clock.ts';
import type { DeliveryTuning } from './delivery/deliveryTuning.ts';
import type { EventPoster } from './delivery/eventPoster.ts';
import type { DeliveryRecord } from './delivery/startDelivery.ts';
import type { LeaderStore, SourceName } from './leaders/leaderStore.ts';
import type { WatchesOptions } from './leaders/startWatches.ts';
import type { ResyncTuning } from './queue/resync.ts';
import type { LeaseSettings } from './replicas/speaker.ts';

export interface BridgeOptions {
  readonly api: KubeApi;
  readonly sink: Sink;
  /** Absent: the sink is in this process, and events have no size limit. */
  readonly sinkUrl?: string | undefined;
  readonly clusterName: string;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
  readonly clock?: Clock;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
  readonly tuning?: BridgeTuning;
  /** Absent: dead letters are logged and counted. */
  readonly deadLetterSink?: EventPoster | undefined;
  /** Which of several replicas speaks first. Absent: this one is alone. */
  readonly lease?: LeaseSettings | undefined;
  /** Every attempt, with its answer; for a recording. */
  readonly onDelivery?: (record: DeliveryRecord) => void;
  /** A source Service about which something may have changed; for whoever shows the state. The store knows it already. */
  readonly onConcern?: (source: SourceName) => void;
}

export interface BridgeTuning {
  readonly delivery?: Partial<DeliveryTuning>;
  readonly resync?: ResyncTuning;
  readonly watches?: WatchesOptions['tuning'];
}

export interface Bridge {
  readonly store: LeaderStore;
  /** One Service as an event would carry it now. */
  snapshotOf(source: SourceName): Snapshot;
  readiness(): Readiness;
  /** Stops the watches and timers, and finishes what is in flight, up to a bound. */
  close(): Promise<void>;
}
