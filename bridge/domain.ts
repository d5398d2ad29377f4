/**
 * Domain: what one kind of source adds to the bridge. watch/, queue/, delivery/ and replicas/ know
 * keys, lanes and events. A domain knows the objects. It says which to watch, which source a change
 * concerns, and what an event about it says. leaders/ is the domain of Services.
 */

import type { OutgoingEvent } from './delivery/outgoingEvent.ts';
import type { Concern, Source } from './queue/concern.ts';
import type { Wish } from './replicas/hedge.ts';
import type { WatchedKind } from './watch/watchedKind.ts';

/** What the watches say about the domain's store. */
export interface Views {
  /** What the watch of this kind in this namespace has delivered; null before the first LIST. */
  revision(kind: string, namespace: string): string | null;
}

export interface EventContext extends Views {
  readonly clusterName: string;
  /** Absent where `dataschema` names the published files. */
  readonly schemasUrl?: string | undefined;
  /** False where the store may be old: the event is then a hint. */
  isFresh(namespace: string): boolean;
  /** What the last reply about this key asked to get back. */
  carryOf(key: string): string | undefined;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Infinity where the event is not sent over a wire. */
  readonly maxEventBytes: number;
}

/**
 * Why a source needs a reconcile although no change was seen: the bridge has started, the period is
 * over, a timer is due.
 */
export type Cause = 'start' | 'resync' | 'recheck';

export interface Domain<Change, C extends Concern, E extends OutgoingEvent, R = unknown> {
  /** Each keeps the domain's store in step, and reports what changed to the rules. */
  readonly watches: readonly WatchedKind<Change>[];
  /**
   * The sources that a change concerns, by the store right after it. `observedAt`: epoch
   * milliseconds.
   */
  affected(change: Change, observedAt: number): readonly C[];
  /**
   * For so long what can wait is held, in milliseconds. A change of the same source that cannot
   * wait takes it along. Where it is absent, it is held for a moment, and reconciled all the same.
   */
  readonly lowDelayMs?: number;
  /** Everything to reconcile. */
  sources(): readonly Source[];
  /**
   * Whether the resync has to reconcile it in this round. Where it is absent, every round
   * reconciles everything.
   */
  isResynced?(source: Source, round: number): boolean;
  /**
   * `at`: epoch milliseconds, when the timer was due, or now. `afterMs`: of a timer, what was asked
   * for.
   */
  toConcern(source: Source, cause: Cause, at: number, afterMs?: number): C;
  /** The event for one concern, with the state as it is now. */
  toEvent(concern: C, context: EventContext, now: number): E;
  /** What the reply to such an event says to the domain itself. */
  onReply?(reply: R): void;
  /** What our own rules would do about it, now. Pure. */
  wantsChange(concern: C, views: Views, now: number): Wish;
  /**
   * A reconcile of this concern of the low lane would come to nothing. Pure. Where it is absent,
   * all are reconciled.
   */
  isSettled?(concern: C, views: Views, now: number): boolean;
  /**
   * What the concern saw moves nothing by our own rules, now or later, so that its reconcile can
   * wait. Pure. Where it is absent, none waits.
   */
  canWait?(concern: C, views: Views, now: number): boolean;
  /** What the concern saw may be what another replica's events have done. */
  isProgress(concern: C): boolean;
}
