/**
 * startBridge: watches the cluster and sends an event for whatever may concern a leader. DESIGN section 7; called by `zen-lead run`,
 * `zen-lead bridge` and the demo.
 *
 * reflector -> store -> affected -> queue -> deliver -> sink, all in the tick in which the watch line is read when a place is free.
 *
 * Guarantees: no event leaves before every list is complete; then every source is looked at once, those without a fit leader first,
 * and every 30 s again. Nothing that the sink does holds a watch up.
 */

import type { Sink } from '../lib/events/sink.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import { buildSnapshot } from '../lib/selection/buildSnapshot.ts';
import type { Snapshot } from '../lib/selection/snapshot.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import type { Readiness } from '../lib/telemetry/probes.ts';
import { noTracing, type Tracing } from '../lib/telemetry/tracing.ts';
import { affectedByPod, affectedByService, affectedBySlice } from './affected.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Concern } from './concern.ts';
import { createDeadLetters } from './deadLetter.ts';
import { type DeliveryRecord, startDelivery } from './deliver.ts';
import { type DeliveryTuning, defaultDeliveryTuning, inProcessDeliveryTuning } from './deliveryTuning.ts';
import type { EventPoster } from './eventPoster.ts';
import { toFirstLook } from './firstLook.ts';
import { registerGauges } from './gauges.ts';
import { createLinger } from './linger.ts';
import { createQueue } from './queue.ts';
import { createRechecks } from './recheck.ts';
import { defaultResyncTuning, type ResyncTuning, startResync, toResync } from './resync.ts';
import { createStore, type SourceName, type Store } from './store.ts';
import { toCloudEvent } from './toCloudEvent.ts';
import { traceSink } from './traceSink.ts';
import { startWatches, type WatchesOptions } from './watches.ts';

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
  readonly store: Store;
  /** One Service as an event would carry it now. */
  snapshotOf(source: SourceName): Snapshot;
  readiness(): Readiness;
  /** Stops the watches and timers, and finishes what is in flight, up to a bound. */
  close(): Promise<void>;
}

/** 64 KiB are guaranteed (CloudEvents 1.0, "Size Limits"); 1 KiB is left for what K_CE_OVERRIDES and brokers add. */
const MAX_EVENT_BYTES = 63 * 1024;
/** As many as nobody opts in; see queue.ts for what happens then. */
const MAX_WAITING = 100_000;

export function startBridge(options: BridgeOptions): Bridge {
  const { api, sink, sinkUrl, metrics, log, clock = systemClock, random = Math.random, tuning = {} } = options;
  const store = createStore();
  let isSynced = false;
  /** What the changes of one LIST or watch line concern, until all of them are in the store. */
  let noted: Concern[] = [];
  let stopResync = (): void => {};

  const queue = createQueue({
    maxWaiting: MAX_WAITING,
    onWaiting: () => delivery.pump(),
    onRoom(leftOut) {
      for (const source of leftOut) add(toResync(source, clock.now()));
    },
  });
  const rechecks = createRechecks(clock, add);
  const linger = createLinger(clock, add);
  const deadLetters = createDeadLetters({
    poster: options.deadLetterSink,
    sinkUrl: sinkUrl ?? '',
    clock,
    log,
    metrics,
  });

  function add(concern: Concern): void {
    queue.add(concern, clock.now());
    options.onConcern?.(concern);
  }

  /** Before every list is complete the store only learns: everything is looked at then (S8). */
  function note(concerns: readonly Concern[]): void {
    if (isSynced) noted.push(...concerns);
  }

  const watches = startWatches({
    api,
    namespaces: options.namespaces,
    clock,
    random,
    log,
    metrics,
    ...(tuning.watches !== undefined && { tuning: tuning.watches }),
    onPod(change) {
      const now = clock.now();
      const applied = store.applyPod(change, now);
      if (applied !== null) note(affectedByPod(applied, store.namespace(applied.object.namespace), now));
    },
    onService(change) {
      const applied = store.applyService(change);
      if (applied !== null) note(affectedByService(applied, store.namespace(applied.object.namespace), clock.now()));
    },
    onSlice(change, isOurs) {
      const applied = store.applySlice(change, isOurs);
      if (applied !== null) note(affectedBySlice(applied, store.namespace(applied.object.namespace), clock.now()));
    },
    onSettled() {
      const settled = noted;
      noted = [];
      for (const concern of settled)
        if (concern.lane === 'low') linger.add(concern);
        else add(concern);
    },
    onSynced() {
      isSynced = true;
      const sources = store.sources();
      log.info({ services: sources.length }, 'every list is complete, events are sent from now on');
      for (const source of sources) add(toFirstLook(source, store, clock.now()));
      const resync = startResync(clock, tuning.resync ?? defaultResyncTuning, store.sources, add);
      stopResync = resync.close;
    },
  });

  const context = {
    clusterName: options.clusterName,
    store,
    revisions: watches.revisions,
    isFresh: watches.isFresh,
    carryOf: rechecks.carryOf,
    random,
    maxEventBytes: sinkUrl === undefined ? Number.POSITIVE_INFINITY : MAX_EVENT_BYTES,
  };
  const delivery = startDelivery({
    queue,
    sink: traceSink(sink, options.tracing ?? noTracing),
    clock,
    random,
    tuning: { ...(sinkUrl === undefined ? inProcessDeliveryTuning : defaultDeliveryTuning), ...tuning.delivery },
    metrics,
    log,
    buildEvent: (concern, now) => toCloudEvent(concern, context, now),
    onAnswer(concern, { reply, detail }) {
      if (detail !== undefined)
        log.warn({ key: concern.key, detail }, 'the sink took an event and said something unclear');
      if (reply !== undefined) rechecks.take(concern, reply.data);
    },
    onDeadLetter: deadLetters.send,
    ...(options.onDelivery !== undefined && { onDelivery: options.onDelivery }),
  });
  metrics.queueLimit.set(MAX_WAITING);
  registerGauges(metrics, store, queue, watches, clock);

  return {
    store,
    snapshotOf: ({ namespace, name }) =>
      buildSnapshot({
        ...store.namespace(namespace).stateOf(name),
        namespace,
        revisions: watches.revisions(namespace),
      }),
    readiness: () => watches.readiness(clock.now()),
    async close() {
      stopResync();
      rechecks.close();
      linger.close();
      await watches.close();
      await delivery.close();
      await deadLetters.close();
    },
  };
}
