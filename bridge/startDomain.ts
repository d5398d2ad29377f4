/**
 * startDomain: composes the bridge of one domain out of watches, intake, delivery and replicas.
 * docs/architecture.md#bridge
 *
 *   watches > intake (store, concerns, debounce, queue) > delivery > sink
 *
 * All of it in the tick in which the watch line is read, when a place is free. Of several replicas
 * one sends all of that at once; the others only what it leaves undone (replicas/).
 *
 * Guarantees: nothing that the sink does holds a watch up.
 */

import type { Sink } from '../lib/events/sink.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import type { Readiness } from '../lib/telemetry/probes.ts';
import { noTracing, type Tracing } from '../lib/telemetry/tracing.ts';
import { type Clock, systemClock } from './clock.ts';
import { createDeadLetters } from './delivery/deadLetter.ts';
import { type DeliveryTuning, defaultDeliveryTuning, inProcessDeliveryTuning } from './delivery/deliveryTuning.ts';
import type { EventPoster } from './delivery/eventPoster.ts';
import type { OutgoingEvent } from './delivery/outgoingEvent.ts';
import { type DeliveryRecord, startDelivery } from './delivery/startDelivery.ts';
import { traceSink } from './delivery/traceSink.ts';
import type { Domain, EventContext, Views } from './domain.ts';
import { registerGauges } from './gauges.ts';
import { createIntake } from './intake.ts';
import type { Concern, Source } from './queue/concern.ts';
import type { Ask } from './queue/recheck.ts';
import { defaultResyncTuning, type ResyncTuning } from './queue/resync.ts';
import type { HedgeTuning } from './replicas/hedge.ts';
import { createSendingReplica, type LeaseSettings } from './replicas/sendingReplica.ts';
import type { ReflectorTuning } from './watch/reflectorTuning.ts';
import { startWatches } from './watch/startWatches.ts';

export interface DomainOptions<E extends OutgoingEvent, R> {
  readonly api: KubeApi;
  readonly sink: Sink<E, R>;
  /** Absent where the sink is in this process, and events have no size limit. */
  readonly sinkUrl?: string | undefined;
  readonly clusterName: string;
  /** Where the JSON Schemas are that `dataschema` names. */
  readonly schemasUrl?: string | undefined;
  /** Empty means all. */
  readonly namespaces: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
  readonly clock?: Clock;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
  readonly tuning?: BridgeTuning;
  /** Absent where dead letters are only logged and counted. */
  readonly deadLetterSink?: EventPoster | undefined;
  /** Which of several replicas sends first. Absent where this one is alone. */
  readonly lease?: LeaseSettings | undefined;
  /** Every attempt, with its answer; for a recording. */
  readonly onDelivery?: (record: DeliveryRecord<E, R>) => void;
  /**
   * A source about which something may have changed, to show it. The store knows the change
   * already.
   */
  readonly onConcern?: (source: Source) => void;
}

export interface BridgeTuning {
  readonly delivery?: Partial<DeliveryTuning>;
  readonly resync?: ResyncTuning;
  readonly watches?: Partial<ReflectorTuning>;
  readonly hedging?: HedgeTuning;
  /** Sources that may wait; see queue.ts for what happens then. */
  readonly maxWaiting?: number;
}

export interface RunningDomain<Change> extends Views {
  /** Whether every list of this namespace is complete. What is known of another one is half. */
  isSynced(namespace: string): boolean;
  /** The store holds what the API server had a moment ago. */
  isFresh(namespace: string): boolean;
  /** Whether this replica sends first, and reports about sources. */
  isFirst(): boolean;
  /** A change that no watch brings. The caller asks whether the namespace is synced. */
  note(change: Change): void;
  readiness(): Readiness;
  /** Stops the watches and timers, and finishes what is in flight, up to a bound. */
  close(): Promise<void>;
}

/**
 * 64 KiB are guaranteed (CloudEvents 1.0, "Size Limits"); 1 KiB is left for what K_CE_OVERRIDES and
 * brokers add.
 */
const MAX_EVENT_BYTES = 63 * 1024;
/** More sources than any cluster opts in. */
const MAX_WAITING = 100_000;

export function startDomain<Change, C extends Concern, E extends OutgoingEvent, R extends { readonly data: Ask }>(
  domain: Domain<Change, C, E, R>,
  options: DomainOptions<E, R>,
): RunningDomain<Change> {
  const { api, sink, sinkUrl, metrics, log, clock = systemClock, random = Math.random, tuning = {} } = options;
  const { maxWaiting = MAX_WAITING } = tuning;
  const isInProcess = sinkUrl === undefined;
  let isStarted = false;

  const intake = createIntake({
    domain,
    clock,
    log,
    resync: tuning.resync ?? defaultResyncTuning,
    maxWaiting,
    onWaiting: () => delivery.pump(),
    isSynced: (namespace): boolean => watches.isSynced(namespace),
    isSettled: (concern): boolean => domain.isSettled?.(concern, watches, clock.now()) ?? false,
    canWait: (concern): boolean =>
      watches.isFresh(concern.namespace) && (domain.canWait?.(concern, watches, clock.now()) ?? false),
    onConcern: options.onConcern,
  });
  const { queue, rechecks } = intake;

  const watches = startWatches({
    kinds: domain.watches,
    api,
    namespaces: options.namespaces,
    clock,
    random,
    log,
    metrics,
    tracing: options.tracing,
    tuning: tuning.watches,
    onChange: intake.onChange,
    onSettled: intake.onSettled,
    onSynced(namespace) {
      intake.onSynced(namespace);
      if (isStarted) return;
      isStarted = true;
      replica.start();
      intake.startResync();
    },
  });

  const replica = createSendingReplica<C>({
    ...options,
    lease: options.lease,
    hedging: tuning.hedging,
    clock,
    random,
    wish: (concern) => domain.wantsChange(concern, watches, clock.now()),
    isProgress: domain.isProgress,
    recheckAt: (concern, at) => rechecks.setTimer(concern, at === null ? null : at - clock.now()),
    send: (concern) => queue.add(concern, clock.now()),
    reconcileEverything: intake.reconcileEverything,
  });

  const context: EventContext = {
    clusterName: options.clusterName,
    schemasUrl: options.schemasUrl,
    revision: watches.revision,
    isFresh: (namespace) => replica.isFirst() && watches.isFresh(namespace),
    carryOf: rechecks.carryOf,
    random,
    maxEventBytes: isInProcess ? Number.POSITIVE_INFINITY : MAX_EVENT_BYTES,
  };
  const deadLetters = createDeadLetters({
    poster: options.deadLetterSink,
    sinkUrl: sinkUrl ?? '',
    clock,
    log,
    metrics,
  });
  const delivery = startDelivery<C, E, R>({
    queue,
    sink: traceSink(sink, options.tracing ?? noTracing),
    clock,
    random,
    tuning: { ...(isInProcess ? inProcessDeliveryTuning : defaultDeliveryTuning), ...tuning.delivery },
    metrics,
    log,
    sends: replica.sends,
    leave: replica.leave,
    onFinish: replica.finish,
    buildEvent: (concern, now) => domain.toEvent(concern, context, now),
    onAnswer(concern, { reply, detail }) {
      if (detail !== undefined)
        log.warn({ key: concern.key, detail }, 'the sink took an event and said something unclear');
      if (reply === undefined) return;
      rechecks.take(concern, reply.data);
      domain.onReply?.(reply);
    },
    onDeadLetter: deadLetters.send,
    ...(options.onDelivery !== undefined && { onDelivery: options.onDelivery }),
  });
  metrics.queueLimit.set(maxWaiting);
  registerGauges(metrics, queue, watches, clock, replica.isFirst);

  return {
    revision: watches.revision,
    isSynced: watches.isSynced,
    isFresh: watches.isFresh,
    isFirst: replica.isFirst,
    note(change) {
      intake.onChange(change);
      intake.onSettled();
    },
    readiness: () => watches.readiness(clock.monotonic()),
    async close() {
      intake.close();
      await watches.close();
      await delivery.close();
      await replica.close();
      await deadLetters.close();
    },
  };
}
