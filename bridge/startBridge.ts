/**
 * startBridge: watches the cluster and sends an event for whatever may concern a leader. docs/architecture.md#bridge; called by `zen-lead run`,
 * `zen-lead bridge` and the demo.
 *
 * reflector -> store -> affected -> queue -> deliver -> sink, all in the tick in which the watch line is read when a place is free.
 *
 * Of several replicas one sends all of that at once; the others only what it leaves undone (speaker.ts, asked by deliver before each event).
 *
 * Guarantees: no event leaves before every list is complete; then every source is looked at once, those without a fit leader first,
 * and every 30 s again. Nothing that the sink does holds a watch up.
 */

import { buildSnapshot } from '../lib/selection/buildSnapshot.ts';
import type { Snapshot } from '../lib/selection/snapshot.ts';
import { noTracing } from '../lib/telemetry/tracing.ts';
import type { Bridge, BridgeOptions } from './bridgeOptions.ts';
import { systemClock } from './clock.ts';
import { createDeadLetters } from './delivery/deadLetter.ts';
import { defaultDeliveryTuning, inProcessDeliveryTuning } from './delivery/deliveryTuning.ts';
import { startDelivery } from './delivery/startDelivery.ts';
import { traceSink } from './delivery/traceSink.ts';
import { affected } from './leaders/affected.ts';
import { dryRun } from './leaders/dryRun.ts';
import { toFirstReconcile } from './leaders/firstReconcile.ts';
import { registerGauges } from './leaders/gauges.ts';
import { createLeaderStore, type SourceName } from './leaders/leaderStore.ts';
import { startWatches } from './leaders/startWatches.ts';
import { toCloudEvent } from './leaders/toCloudEvent.ts';
import type { Concern } from './queue/concern.ts';
import { createDebounce } from './queue/debounce.ts';
import { createQueue } from './queue/queue.ts';
import { createRechecks } from './queue/recheck.ts';
import { defaultResyncTuning, startResync, toResync } from './queue/resync.ts';
import { createSpeaker } from './replicas/speaker.ts';

export type { Bridge, BridgeOptions, BridgeTuning } from './bridgeOptions.ts';

/** 64 KiB are guaranteed (CloudEvents 1.0, "Size Limits"); 1 KiB is left for what K_CE_OVERRIDES and brokers add. */
const MAX_EVENT_BYTES = 63 * 1024;
/** As many as nobody opts in; see queue.ts for what happens then. */
const MAX_WAITING = 100_000;

export function startBridge(options: BridgeOptions): Bridge {
  const { api, sink, sinkUrl, metrics, log, clock = systemClock, random = Math.random, tuning = {} } = options;
  const store = createLeaderStore(clock.now);
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
  const debounce = createDebounce(clock, add);
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

  const watches = startWatches({
    api,
    namespaces: options.namespaces,
    clock,
    random,
    log,
    metrics,
    ...(tuning.watches !== undefined && { tuning: tuning.watches }),
    store,
    onChange(seen) {
      // Before every list is complete the store only learns: everything is reconciled then (S8).
      if (isSynced) noted.push(...affected(seen, store.namespace(seen.change.object.namespace), clock.now()));
    },
    onSettled() {
      const settled = noted;
      noted = [];
      for (const concern of settled)
        if (concern.lane === 'low') debounce.add(concern);
        else add(concern);
    },
    onSynced() {
      isSynced = true;
      log.info({ services: store.sources().length }, 'every list is complete, events are sent from now on');
      reconcileEverything();
      speaker.start();
      const resync = startResync(clock, tuning.resync ?? defaultResyncTuning, store.sources, add);
      stopResync = resync.close;
    },
  });

  function reconcileEverything(): void {
    for (const source of store.sources()) add(toFirstReconcile(source, store, clock.now()));
  }

  function snapshotOf({ namespace, name }: SourceName): Snapshot {
    const revisions = watches.revisions(namespace);
    return buildSnapshot({ ...store.namespace(namespace).stateOf(name), namespace, revisions });
  }

  const speaker = createSpeaker({
    ...options,
    lease: options.lease,
    clock,
    random,
    dryRun: (concern) => dryRun(snapshotOf(concern), clock.now()),
    recheckAt: (concern, at) => rechecks.take(concern, at === null ? {} : { recheckAfterMs: at - clock.now() }),
    send: (concern) => queue.add(concern, clock.now()),
    reconcileEverything,
  });

  const context = {
    clusterName: options.clusterName,
    store,
    revisions: watches.revisions,
    isFresh: (namespace: string) => speaker.isFirst() && watches.isFresh(namespace),
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
    admits: speaker.admits,
    onFinish: speaker.finish,
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
  registerGauges(metrics, store, queue, watches, clock, speaker.isFirst);

  return {
    store,
    snapshotOf,
    readiness: () => watches.readiness(clock.now()),
    async close() {
      stopResync();
      rechecks.close();
      debounce.close();
      await watches.close();
      await delivery.close();
      await speaker.close();
      await deadLetters.close();
    },
  };
}
