/**
 * createTargetProbe: asks one target again and again, and keeps its standing.
 *
 * After a first failure it repeats the probe soon, on a new connection, until the verdict is clear.
 * While the target leads it holds a connection to it, whose end causes a probe at once.
 *
 * Guarantees: never two probes at a time. A failure is void where this process was late by more
 * than a quarter of the time-out (S11). A pass counts even so, because it proves itself.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import { type Deadline, startDeadline } from './deadline.ts';
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

export function createTargetProbe(
  target: ProbeTarget,
  place: { readonly rank: Rank; readonly check: TimedCheck },
  context: TargetProbeContext,
): TargetProbe {
  const { clock, network, pace } = context;
  let { rank, check } = place;
  let standing = unjudged;
  let inFlight: Deadline | null = null;
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
    const { timeoutMs } = check;
    const tell = (result: ProbeResult) => context.onResult(result, (clock.monotonic() - startedAt) / 1_000);
    const deadline = startDeadline(timeoutMs, { ...context, onVoid: () => tell(isVoid) });
    inFlight = deadline;
    const endpoint = { address: target.address, check, timeoutMs };
    void network.probe(endpoint, deadline.signal, standing.failures === 0 ? held : null).then((result) => {
      inFlight = null;
      // An answer that was judged when the time was over may have more of it in a buffer.
      const proves = result.kind === 'passed' && !deadline.signal.aborted;
      const isLate = deadline.end() && !proves;
      if (isClosed) return;
      const counted = isLate ? isVoid : result;
      tell(counted);
      finish(counted, startedAt, isLate);
    });
  }

  function finish(result: ProbeResult, startedAt: number, isLate: boolean): void {
    const before = standing;
    standing = judge(before, result, check, clock.now());
    if (result.kind === 'failed') release();
    if (result.kind === 'passed') hold();
    // Before the listener gets it, because it may close or move this target.
    if (isWanted) queue();
    else startIn(waitMs(result, startedAt, isLate), queue);
    if (standing !== before) context.onStanding(standing, before);
  }

  /** How long it is until the next probe. Two probes begin so far from each other at least. */
  function waitMs({ kind }: ProbeResult, startedAt: number, isLate: boolean): number {
    const repeatMs = Math.min(check.intervalMs, context.repeatMs);
    // Many targets that could not be asked together do not come together again.
    if (kind === 'void') return (isLate ? repeatMs : baseIntervalMs()) * (0.5 + context.random());
    const jitter = 1 - JITTER + 2 * JITTER * context.random();
    const everyMs = isSuspect(standing) ? repeatMs : baseIntervalMs() * pace.stretch() * jitter;
    return Math.max(0, startedAt + everyMs - clock.monotonic());
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
