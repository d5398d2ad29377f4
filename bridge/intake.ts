/**
 * createIntake: what happens to a change.
 *
 *   watch line > store (the domain's) > concerns > queue
 *                                                > debounce > queue, in the low lane, unless all
 *                                                  is settled by then
 *
 * Timers come in beside it: a recheck that a reply asked for, the resync, and the first reconcile
 * of everything.
 *
 * Guarantees: nothing of a namespace is queued before every list of it is complete. Then every
 * source is, and every 30 s from then on (S8, L1). A change is in the queue in the tick in which
 * its watch line is read, unless it can wait, or another one of its key waits already. A failover
 * never waits.
 */

import type { Logger } from '../lib/telemetry/logger.ts';
import type { Clock } from './clock.ts';
import type { OutgoingEvent } from './delivery/outgoingEvent.ts';
import type { Domain } from './domain.ts';
import type { Concern, Source } from './queue/concern.ts';
import { createDebounce } from './queue/debounce.ts';
import { createQueue, type Queue } from './queue/queue.ts';
import { createRechecks, type Rechecks } from './queue/recheck.ts';
import { type ResyncTuning, startResync } from './queue/resync.ts';

interface IntakeOptions<Change, C extends Concern, E extends OutgoingEvent> {
  readonly domain: Domain<Change, C, E>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resync: ResyncTuning;
  /** Of the queue. */
  readonly maxWaiting: number;
  /** A key waits in the queue. Called in the same tick. */
  onWaiting(): void;
  /** Every list of this namespace is complete. */
  isSynced(namespace: string): boolean;
  /** A reconcile would come to nothing, by the rules and the store. */
  isSettled(concern: C): boolean;
  /** A reconcile would move nothing, by the rules and the store. */
  canWait(concern: C): boolean;
  /** Something may have changed about this source. The store knows it already. */
  onConcern?: ((source: Source) => void) | undefined;
}

interface Intake<Change, C extends Concern> {
  readonly queue: Queue<C>;
  readonly rechecks: Pick<Rechecks, 'take' | 'setTimer' | 'carryOf'>;
  /** The store has changed, in a namespace whose lists are complete. */
  onChange(change: Change): void;
  /** All changes of one watch line or LIST are in the store. */
  onSettled(): void;
  /** Every list of this namespace is complete; undefined where all of them are watched at once. */
  onSynced(namespace: string | undefined): void;
  startResync(): void;
  reconcileEverything(): void;
  close(): void;
}

export function createIntake<Change, C extends Concern, E extends OutgoingEvent>(
  options: IntakeOptions<Change, C, E>,
): Intake<Change, C> {
  const { domain, clock, log, maxWaiting, onWaiting } = options;
  /** What the changes of one LIST or watch line concern, until all of them are in the store. */
  let noted: C[] = [];
  /**
   * Keys that are held because of a change that can wait, each with the last change that came since
   * then. It is reconciled all the same. Only at the end is it asked whether that one can wait: the
   * answer costs the more the more members a source has, and a rollout changes all of them.
   */
  const waiting = new Map<string, C | null>();
  let stopResync = (): void => {};

  const queue = createQueue<C>({
    maxWaiting,
    onWaiting,
    onRoom(leftOut) {
      for (const source of leftOut) resync(source, clock.now());
    },
  });
  const onHeld = (concern: C): void => {
    const since = waiting.get(concern.key);
    waiting.delete(concern.key);
    if (since === undefined && options.isSettled(concern)) options.onConcern?.(concern);
    else add(since && !options.canWait(since) ? since : concern);
  };
  const debounce = createDebounce<C>(clock, onHeld, domain.lowDelayMs);
  const rechecks = createRechecks(clock, (source, dueAt, afterMs) =>
    add(domain.toConcern(source, 'recheck', dueAt, afterMs)),
  );

  function add(concern: C): void {
    queue.add(concern, clock.now());
    options.onConcern?.(concern);
  }

  function release(key: string): void {
    waiting.delete(key);
    debounce.release(key);
  }

  function resync(source: Source, now: number): void {
    add(domain.toConcern(source, 'resync', now));
  }

  const sources = (): readonly Source[] => domain.sources().filter(({ namespace }) => options.isSynced(namespace));

  function reconcile(all: readonly Source[]): void {
    for (const source of all) add(domain.toConcern(source, 'start', clock.now()));
  }

  return {
    queue,
    rechecks,
    onChange(change) {
      noted.push(...domain.affected(change, clock.now()));
    },
    onSettled() {
      const settled = noted;
      noted = [];
      for (const concern of settled)
        if (concern.lane === 'low') debounce.add(concern);
        else if (concern.lane === 'change' && (waiting.has(concern.key) || options.canWait(concern))) {
          waiting.set(concern.key, waiting.has(concern.key) ? concern : null);
          debounce.add({ ...concern, lane: 'low' });
        } else {
          if (domain.lowDelayMs !== undefined) release(concern.key);
          add(concern);
        }
    },
    onSynced(only) {
      const synced = sources().filter(({ namespace }) => only === undefined || namespace === only);
      const scope = only === undefined ? {} : { namespace: only };
      log.info({ ...scope, services: synced.length }, 'every list is complete, events are sent from now on');
      reconcile(synced);
    },
    startResync() {
      const started = startResync(clock, options.resync, sources, (source, now, round) => {
        if (domain.isResynced?.(source, round) !== false) resync(source, now);
      });
      stopResync = started.close;
    },
    reconcileEverything: () => reconcile(sources()),
    close() {
      stopResync();
      rechecks.close();
      debounce.close();
    },
  };
}
