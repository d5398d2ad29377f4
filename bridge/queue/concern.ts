/**
 * Concern: that one source needs a reconcile, and how urgently. A domain makes it, says in it what
 * else its events need, and turns it into an event when it is sent.
 *
 * Does not guarantee that it names every change. Bursts coalesce, and no decision depends on it (a
 * reconcile is level-triggered).
 */

/** What a domain reconciles by name: a Service, for the leaders. */
export interface Source {
  readonly namespace: string;
  readonly name: string;
}

/** `<namespace>/<name>` */
export function sourceKey({ namespace, name }: Source): string {
  return `${namespace}/${name}`;
}

/**
 * Most urgent first: a route to move; anything else that was seen; what can wait (resync,
 * announcements, followers).
 */
export const lanes = ['failover', 'change', 'low'] as const;
export type Lane = (typeof lanes)[number];

export interface Concern extends Source {
  /** `sourceKey` */
  readonly key: string;
  readonly lane: Lane;
  /** When the change was seen, or the timer was due. */
  readonly observedAt: number;
  /**
   * When a timer was due. It distinguishes two reconciles of the same state. Absent for what was
   * seen.
   */
  readonly dueAt?: number;
}

export function isMoreUrgent(lane: Lane, than: Lane): boolean {
  return lanes.indexOf(lane) < lanes.indexOf(than);
}

/** True for a change that was seen, which no timer and no resync has caused. */
export function isOfChange({ lane, dueAt }: Concern): boolean {
  return lane !== 'low' && dueAt === undefined;
}

/**
 * The more urgent one stands for both, then the latest. Always a new object, so that a holder of
 * `waiting` sees that something came after it.
 */
export function mergeConcerns<C extends Concern>(waiting: C, latest: C): C {
  return isMoreUrgent(waiting.lane, latest.lane) ? { ...waiting } : { ...latest };
}
