/**
 * createTargetProbe: asks one target again and again, and keeps its standing.
 *
 * After a first failure it repeats the probe soon, on a new connection, until the verdict is clear.
 * While the target leads it holds a connection to it, whose end causes a probe at once.
 *
 * Guarantees: never two probes at a time. A result is void where this process was late by more than
 * a quarter of the time-out (S11). A pass counts even so, because it proves itself.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import { type LagMonitor, STOOD_STILL_MS } from './lagMonitor.ts';
import type { Held, ProbeNetwork } from './network.ts';
import type { Pace } from './pace.ts';
import { type Check, isVoid, type ProbeResult } from './probe.ts';
import { isSuspect, judge, restartCounts, type Standing, type Thresholds, unjudged } from './standing.ts';

export interface ProbeTarget {
  readonly uid: string;
  readonly address: string;
}

export interface TimedCheck extends Check, Thresholds {
  /** As the user wrote it. Two checks are the same where this is. */
  readonly raw: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * The leader and a rival are asked as often as the user says, those next in line once a second at
 * most. A connection is held to the leader alone.
 */
export type Rank = 'leader' | 'rival' | 'next';

export interface TargetProbe {
  readonly target: ProbeTarget;
  readonly rank: () => Rank;
  readonly standing: () => Standing;
  /** The rank or the timing may have changed. */
  setPlace(rank: Rank, check: TimedCheck): void;
  /** Asks now, unless a probe is in flight. */
  probeSoon(): void;
  restartCounts(): void;
  close(): void;
}

export interface TargetProbeContext {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly network: ProbeNetwork;
  readonly lag: LagMonitor;
  readonly pace: Pace;
  /** Between a failure and the next probe, until the verdict is clear. */
  readonly repeatMs: number;
  /** `seconds`: how long the probe took. */
  onResult(result: ProbeResult, seconds: number): void;
  /** A result was counted. */
  onStanding(standing: Standing, before: Standing): void;
  /** A timer was late by a second or more. */
  onStoodStill(): void;
}

const NEXT_MIN_INTERVAL_MS = 1_000;
/** +-10 %: probes of many targets that began together drift apart. */
const JITTER = 0.1;
/** Later than by this share of the time-out, a result is void. */
export const VOID_SHARE = 1 / 4;

export function createTargetProbe(
  target: ProbeTarget,
  place: { readonly rank: Rank; readonly check: TimedCheck },
  context: TargetProbeContext,
): TargetProbe {
  const { clock, network, lag, pace } = context;
  let { rank, check } = place;
  let standing = unjudged;
  let inFlight: AbortController | null = null;
  let isWanted = false;
  /** It has a place in the pace, and waits for it. */
  let isQueued = false;
  let isClosed = false;
  let cancelTimer: CancelTimer = () => {};
  let held: Held | null = null;
  let heldAt = Number.NEGATIVE_INFINITY;
  let planned = 0;

  const baseIntervalMs = (): number =>
    rank === 'next' ? Math.max(check.intervalMs, NEXT_MIN_INTERVAL_MS) : check.intervalMs;

  function plan(): void {
    const perSecond = isClosed ? 0 : 1_000 / baseIntervalMs();
    pace.plan(perSecond - planned);
    planned = perSecond;
  }

  function startIn(delayMs: number, start: () => void): void {
    cancelTimer();
    const dueAt = clock.monotonic() + delayMs;
    cancelTimer = clock.setTimer(() => {
      if (clock.monotonic() - dueAt >= STOOD_STILL_MS) context.onStoodStill();
      start();
    }, delayMs);
  }

  function queue(): void {
    if (isQueued) return;
    isQueued = true;
    const waitMs = pace.take();
    if (waitMs > 0) startIn(waitMs, admit);
    else admit();
  }

  /** Its time begins once there is room, or a probe that waits would seem to hang. */
  function admit(): void {
    if (network.admit === undefined) begin();
    else network.admit(begin);
  }

  function begin(): void {
    if (isClosed || inFlight !== null) return;
    cancelTimer();
    isQueued = false;
    isWanted = false;
    const startedAt = clock.monotonic();
    const meter = lag.start(check.timeoutMs);
    const controller = new AbortController();
    inFlight = controller;
    const cancelDeadline = clock.setTimer(() => controller.abort(), check.timeoutMs);
    const { timeoutMs } = check;
    const endpoint = { address: target.address, check, timeoutMs };
    void network.probe(endpoint, controller.signal, standing.failures === 0 ? held : null).then((result) => {
      cancelDeadline();
      inFlight = null;
      const isLate = meter.end() > Math.min(timeoutMs * VOID_SHARE, STOOD_STILL_MS);
      // An answer that was judged when the time was over may have more of it in a buffer.
      const proves = result.kind === 'passed' && !controller.signal.aborted;
      if (!isClosed) finish(isLate && !proves ? isVoid : result, startedAt);
    });
  }

  function finish(result: ProbeResult, startedAt: number): void {
    const before = standing;
    standing = judge(before, result, check, clock.now());
    context.onResult(result, (clock.monotonic() - startedAt) / 1_000);
    if (result.kind === 'failed') release();
    if (result.kind === 'passed') hold();
    // Before the listener gets it, because it may close or move this target.
    scheduleNext(startedAt, result.kind === 'void');
    if (standing !== before) context.onStanding(standing, before);
  }

  /** `isSpread`: probes of many targets that were late together do not come together again. */
  function scheduleNext(startedAt: number, isSpread: boolean): void {
    if (isWanted) queue();
    else if (isSpread) startIn(baseIntervalMs() * (0.5 + context.random()), queue);
    else if (isSuspect(standing)) startIn(Math.min(check.intervalMs, context.repeatMs), queue);
    else {
      const intervalMs = baseIntervalMs() * pace.stretch() * (1 - JITTER + 2 * JITTER * context.random());
      startIn(Math.max(0, startedAt + intervalMs - clock.monotonic()), queue);
    }
  }

  /** At most once an interval, or a target that closes all of them would be asked all the time. */
  function hold(): void {
    if (rank !== 'leader' || held !== null || clock.monotonic() - heldAt < check.intervalMs) return;
    heldAt = clock.monotonic();
    const opened = network.hold({ address: target.address, check }, () => {
      if (held !== opened) return;
      held = null;
      // A probe in flight may have begun before the target died.
      if (inFlight === null) queue();
      else isWanted = true;
    });
    held = opened;
  }

  function release(): void {
    held?.close();
    held = null;
  }

  plan();
  queue();

  return {
    target,
    rank: () => rank,
    standing: () => standing,
    setPlace(nextRank, nextCheck) {
      const isSame = rank === nextRank && check.intervalMs === nextCheck.intervalMs;
      rank = nextRank;
      check = nextCheck;
      if (isSame) return;
      plan();
      if (rank !== 'leader') release();
      if (inFlight === null && !isSuspect(standing)) queue();
    },
    probeSoon() {
      if (inFlight === null) queue();
    },
    restartCounts() {
      standing = restartCounts(standing);
    },
    close() {
      isClosed = true;
      plan();
      cancelTimer();
      release();
      inFlight?.abort();
    },
  };
}
