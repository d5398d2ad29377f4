/** Delivers from a queue to a sink that a test answers for, on a clock moved by hand. */

import type { DeadLetter } from '../../../bridge/delivery/deadLetter.ts';
import { type DeliveryTuning, defaultDeliveryTuning } from '../../../bridge/delivery/deliveryTuning.ts';
import { type DeliveryRecord, startDelivery } from '../../../bridge/delivery/startDelivery.ts';
import type { LeaderConcern } from '../../../bridge/leaders/leaderConcern.ts';
import { createLeaderStore } from '../../../bridge/leaders/leaderStore.ts';
import { toCloudEvent } from '../../../bridge/leaders/toCloudEvent.ts';
import type { Lane, Source } from '../../../bridge/queue/concern.ts';
import { createQueue, type Queue } from '../../../bridge/queue/queue.ts';
import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import type { ReplyEvent } from '../../../lib/events/reply.ts';
import type { SinkAnswer } from '../../../lib/events/sink.ts';
import { serviceKey } from '../../../lib/selection/snapshot.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aConcern } from '../objects/aConcern.ts';
import { T0, version } from '../objects/builders.ts';
import { createVirtualClock, settle, type VirtualClock } from './virtualClock.ts';

interface Call {
  readonly event: ReconcileEvent;
  readonly at: number;
  readonly signal: AbortSignal;
  readonly isOpen: boolean;
  answer(answer: SinkAnswer | number): Promise<void>;
  fail(error: unknown): Promise<void>;
}

export interface DeliveryBench {
  readonly clock: VirtualClock;
  readonly queue: Queue<LeaderConcern>;
  /** Everything sent, in order. */
  readonly calls: readonly Call[];
  readonly answered: readonly LeaderConcern[];
  readonly letters: readonly DeadLetter[];
  readonly records: readonly DeliveryRecord<ReconcileEvent, ReplyEvent>[];
  add(name: string, lane?: Lane, namespace?: string): LeaderConcern;
  close(): Promise<void>;
  /** The call that is waiting for an answer for this Service. */
  open(name: string): Call;
  limitNow(): number;
}

/**
 * A delivery with a sink that answers on request, or at once with `reply`. A call that is aborted
 * rejects, as a sink must.
 */
export function aDeliveryBench({
  reply,
  tuning = {},
  maxWaiting = 1_000,
  onRoom = () => {},
}: {
  reply?: (event: ReconcileEvent) => SinkAnswer | number | Error | undefined;
  tuning?: Partial<DeliveryTuning>;
  maxWaiting?: number;
  onRoom?: (leftOut: readonly Source[]) => void;
} = {}): DeliveryBench {
  const clock = createVirtualClock();
  const calls: (Call & { isOpen: boolean })[] = [];
  const answered: LeaderConcern[] = [];
  const letters: DeadLetter[] = [];
  const records: DeliveryRecord<ReconcileEvent, ReplyEvent>[] = [];
  const queue = createQueue<LeaderConcern>({ maxWaiting, onWaiting: () => delivery.pump(), onRoom });
  const store = createLeaderStore(() => T0);
  const context = {
    clusterName: 'kubernetes',
    isFresh: () => true,
    carryOf: () => undefined,
    random: () => 0.5,
    maxEventBytes: Number.POSITIVE_INFINITY,
  };
  let revision = 1;

  const delivery = startDelivery<LeaderConcern, ReconcileEvent, ReplyEvent>({
    queue,
    clock,
    random: () => 1,
    tuning: { ...defaultDeliveryTuning, ...tuning },
    metrics: createMetrics(),
    log: silentLogger,
    buildEvent(concern, now) {
      revision += 1;
      const revisions = { pods: version(revision), services: version(1), slices: version(1) };
      return toCloudEvent(concern, { store, revisions }, context, now);
    },
    onAnswer: (concern) => answered.push(concern),
    onDeadLetter: (letter) => letters.push(letter),
    onDelivery: (record) => records.push(record),
    sink: (event, signal) =>
      new Promise((resolve, reject) => {
        const call = {
          event,
          at: clock.now(),
          signal,
          isOpen: true,
          answer(answer: SinkAnswer | number) {
            call.isOpen = false;
            resolve(typeof answer === 'number' ? { status: answer } : answer);
            return settle();
          },
          fail(error: unknown) {
            call.isOpen = false;
            reject(error);
            return settle();
          },
        };
        calls.push(call);
        signal.addEventListener('abort', () => call.fail(signal.reason));
        const now = reply?.(event);
        if (now instanceof Error) call.fail(now);
        else if (now !== undefined) call.answer(now);
      }),
  });

  return {
    clock,
    queue,
    calls,
    answered,
    letters,
    records,
    add(name, lane, namespace = 'shop') {
      const concern = aConcern(name, lane, { observedAt: clock.now(), namespace, key: serviceKey(namespace, name) });
      queue.add(concern, clock.now());
      return concern;
    },
    close: delivery.close,
    open(name) {
      const call = calls.findLast((each) => each.isOpen && each.event.partitionkey === `shop/${name}`);
      if (call === undefined) throw new Error(`nothing is in flight for ${name}`);
      return call;
    },
    limitNow: () => calls.filter((call) => call.isOpen).length,
  };
}
