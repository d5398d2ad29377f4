/**
 * startResync: reconciles every source every 30 s, spread over the whole period. It heals a
 * reconcile that was lost, a dead letter, and a timer that died (L1).
 *
 * Guarantees: each source that stays is due once in every round, and keeps its turn: one that was
 * first and is then last would wait for two periods. A tick that comes late (a busy or frozen
 * process) makes up for what it missed within the round, and never more than one round.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import { type Source, sourceKey } from './concern.ts';

export interface ResyncTuning {
  readonly periodMs: number;
  /**
   * Short enough that 10,000 Services are 80 a tick, long enough to cost nothing when there are
   * ten.
   */
  readonly tickMs: number;
}

export const defaultResyncTuning: ResyncTuning = { periodMs: 30_000, tickMs: 250 };

interface Resync {
  close(): void;
}

export function startResync(
  clock: Clock,
  { periodMs, tickMs }: ResyncTuning,
  listSources: () => readonly Source[],
  /** `round`: counts from 0. */
  onDue: (source: Source, now: number, round: number) => void,
): Resync {
  let round: readonly Source[] = [];
  let rounds = 0;
  let done = 0;
  let startedAt = clock.monotonic();
  let cancelTimer: CancelTimer = clock.setTimer(tick, tickMs);

  function tick(): void {
    const now = clock.monotonic();
    const share = Math.min(1, (now - startedAt) / periodMs);
    const until = Math.floor(round.length * share);
    for (const source of round.slice(done, until)) onDue(source, clock.now(), rounds);
    done = Math.max(done, until);
    if (share === 1) {
      round = nextRound(round, listSources());
      rounds += 1;
      done = 0;
      startedAt = now;
    }
    cancelTimer = clock.setTimer(tick, tickMs);
  }

  round = listSources();
  return { close: () => cancelTimer() };
}

/** Who comes new is last, which only brings the others forward. */
function nextRound(last: readonly Source[], sources: readonly Source[]): readonly Source[] {
  const left = new Map(sources.map((source) => [sourceKey(source), source]));
  const stayed = last.filter((source) => left.delete(sourceKey(source)));
  return [...stayed, ...left.values()];
}
