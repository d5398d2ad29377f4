/**
 * startLease: takes and renews the Lease, which says which replica sends first.
 * docs/architecture.md#replicas
 *
 * Does not guarantee that one replica at most assumes that it is the holder. The API server orders
 * the writes of the record and nothing else. A holder that is frozen right after `isHolder` said
 * yes still acts when it wakes. So nothing but speed may depend on the Lease. What a second replica
 * sends changes nothing, because every write names what it was decided on (S3, S9).
 *
 * Guarantees:
 * - Clocks of two machines are never compared. A waiting replica counts on its own monotonic clock,
 *   from the last change of the record that it has seen.
 * - `isHolder` is true only while less than the duration has passed since the last successful
 *   renewal was *sent*. That counts on the monotonic clock and on the wall clock. A paused virtual
 *   machine stops one of them; an operator may set the other.
 * - `onHeld` comes after each attempt that leaves this replica holding, and says whether it held
 *   throughout since the previous one.
 * - Where a Lease cannot be had at all (no right, no such namespace), or replicas that watch
 *   something else hold it, this replica sends. Two senders are slower, and neither is broken.
 *
 * Source: https://pkg.go.dev/k8s.io/client-go/tools/leaderelection (its doc begins with what it
 * does not guarantee, too).
 */

import { codeOf, type ErrorCode } from '../../lib/errors.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { LeaseView } from '../../lib/kube/parseLease.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import { createDualClock, type Mark } from '../dualClock.ts';
import { createLeaseClient } from './leaseClient.ts';
import { type LeaseIdentity, SCOPE_ANNOTATION, toNewLease, toRelease, toRenewal, toTaking } from './leaseRecord.ts';
import type { LeaseTuning } from './leaseTuning.ts';

interface LeaseOptions extends Omit<LeaseIdentity, 'durationMs'> {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** Milliseconds from any start; never set back, and not stopped by SIGSTOP. */
  readonly monotonicNow: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly tuning: LeaseTuning;
  readonly log: Logger;
  /** False: `isHolder` was false in between, or this is the first time. */
  onHeld(wasHeld: boolean): void;
}

export interface Lease {
  /** Ask before every act of a holder, and remember no answer. */
  isHolder(): boolean;
  /**
   * Gives it up, so that the next one need not wait. Call it when nothing is in flight any more.
   */
  close(): Promise<void>;
}

/** Asking again soon cannot help, and waiting for a grant would leave no replica to send. */
const unattainable = new Set<ErrorCode | undefined>([
  'KUBE_FORBIDDEN',
  'KUBE_NOT_FOUND', // of a creation: no such namespace
  'KUBE_NAMESPACE_TERMINATING',
  'KUBE_INVALID',
]);

/**
 * At shutdown, for what is on its way and again for the release: a Lease that is not released
 * expires by itself.
 */
const CLOSE_WITHIN_MS = 1_000;

export function startLease(options: LeaseOptions): Lease {
  const { namespace, name, clock, monotonicNow, random, tuning, log } = options;
  const client = createLeaseClient(options.api, namespace, name);
  const time = createDualClock(clock, monotonicNow);
  const own: LeaseIdentity = { ...options, durationMs: tuning.durationMs };
  /** The last record seen, and when it last changed, by our own clock. */
  let seen: LeaseView | null = null;
  let changedAt = 0;
  /** When the last successful renewal was sent; null while another replica has it. */
  let renewed: Mark | null = null;
  /** Why this replica sends without holding it; null where it does not. */
  let without: string | null = null;
  /** The last renewal came after the one before it had run out. */
  let hasLapsed = false;
  let running: Promise<void> | null = null;
  let giveUp = (): void => {};
  let isClosing = false;
  let cancelTick: CancelTimer = () => {};

  function isHolder(): boolean {
    return without !== null || (renewed !== null && time.ageMs(renewed) < tuning.durationMs);
  }

  function observe(view: LeaseView): void {
    if (seen === null || seen.holder !== view.holder || seen.renewTime !== view.renewTime) changedAt = monotonicNow();
    seen = view;
  }

  function hold(since: Mark): void {
    hasLapsed ||= !isHolder();
    renewed = since;
    without = null;
  }

  /** False where the record is not what we last saw. */
  async function write(patch: object, startedAt: Mark, signal: AbortSignal): Promise<boolean> {
    const written = await client.patch(patch, signal);
    if (written === null) return false;
    observe(written);
    hold(startedAt);
    return true;
  }

  async function tryOnce(signal: AbortSignal): Promise<void> {
    const startedAt = time.mark();
    // 1. What was ours is renewed without a read: the resourceVersion says whether another writer
    // came since.
    if (renewed !== null && seen !== null && (await write(toRenewal(seen, startedAt.at), startedAt, signal))) return;
    // 2. There is none yet.
    const view = await client.read(signal);
    if (view === null) {
      observe(await client.create(toNewLease(own, startedAt.at), signal));
      hold(startedAt);
      return;
    }
    // 3. Free, or unchanged for as long as its holder asked for: ours. After a freeze this read is
    // what resets the waiting.
    observe(view);
    const isOurs = view.holder === own.identity;
    const waitedMs = monotonicNow() - changedAt;
    if (isOurs || view.holder === null || waitedMs >= (view.durationMs ?? tuning.durationMs)) {
      await write(isOurs ? toRenewal(view, startedAt.at) : toTaking(view, own, startedAt.at), startedAt, signal);
      return;
    }
    // 4. Another replica's, until then.
    renewed = null;
    hurry((view.durationMs ?? tuning.durationMs) - waitedMs);
    const watched = view.annotations[SCOPE_ANNOTATION];
    sendWithout(
      watched === undefined || watched === own.scope
        ? null
        : `its holder watches ${watched}, this replica ${own.scope}`,
    );
  }

  function sendWithout(reason: string | null): void {
    if (reason !== null && reason !== without)
      log.warn({ lease: `${namespace}/${name}`, reason }, 'no Lease: this replica sends as if it were alone');
    without = reason;
  }

  async function attempt(): Promise<void> {
    const had = isHolder();
    const late = new AbortController();
    giveUp = () => late.abort();
    const cancelTimer = clock.setTimer(giveUp, tuning.attemptTimeoutMs);
    try {
      await tryOnce(late.signal);
    } catch (error) {
      if (unattainable.has(codeOf(error))) sendWithout(error instanceof Error ? error.message : String(error));
      log.debug({ lease: `${namespace}/${name}`, err: error }, 'the Lease could not be had or renewed');
    } finally {
      cancelTimer();
    }
    if (isClosing) return;
    const has = isHolder();
    if (had !== has) log.info({ lease: `${namespace}/${name}`, holder: has }, has ? 'sends first' : 'sends second');
    if (!has) return;
    const wasHeld = had && !hasLapsed;
    hasLapsed = false;
    options.onHeld(wasHeld);
  }

  function tick(): void {
    cancelTick = clock.setTimer(tick, tuning.periodMs * (1 + random() / 4));
    running ??= attempt().finally(() => {
      running = null;
    });
  }

  /** No later than when it may be taken: until the turn after that no replica would have it. */
  function hurry(untilFreeMs: number): void {
    if (isClosing || untilFreeMs >= tuning.periodMs) return;
    cancelTick();
    cancelTick = clock.setTimer(tick, untilFreeMs);
  }

  async function release(view: LeaseView): Promise<void> {
    const late = new AbortController();
    const cancelTimer = clock.setTimer(() => late.abort(), CLOSE_WITHIN_MS);
    try {
      await client.patch(toRelease(view, clock.now()), late.signal);
    } catch (err) {
      log.debug({ lease: `${namespace}/${name}`, err }, 'the Lease could not be released: it expires by itself');
    } finally {
      cancelTimer();
    }
  }

  tick();
  return {
    isHolder,
    async close() {
      isClosing = true;
      cancelTick();
      // Not cut short at once: a renewal whose answer is lost would leave us without the version
      // that a release has to name.
      const cancelTimer = clock.setTimer(giveUp, CLOSE_WITHIN_MS);
      await running;
      cancelTimer();
      if (renewed === null || seen === null || time.ageMs(renewed) >= tuning.durationMs) return;
      renewed = null;
      await release(seen);
    },
  };
}
