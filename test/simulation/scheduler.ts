/**
 * Scheduler: keeps virtual time, and runs everything that happens in a simulation. Timers,
 * requests, answers, watch lines and faults are its steps. Between two steps every promise that can
 * settle has.
 *
 * Guarantees: steps run in the order of their instants, then of their making. The steps of a frozen
 * process wait until it thaws, and those of a killed one never run. A run uses no real timer, so
 * that it depends on its seed alone.
 */

import type { Clock } from '../../bridge/clock.ts';
import { createElapsed } from '../../bridge/elapsed.ts';

export interface Process {
  readonly name: string;
  /** The time by the clock of the process. */
  readonly clock: Clock;
  /** Something arrives at this process, or it has set a timer. */
  schedule(delayMs: number, run: () => void): () => void;
  /** An operator or NTP sets the wall clock. The monotonic one goes on. */
  setClock(skewMs: number): void;
  isFrozen(): boolean;
  /**
   * When it last went on after standing still for longer than this; -Infinity when it never has.
   */
  wokeAt(longerThanMs: number): number;
  isAlive(): boolean;
  /** SIGSTOP. */
  freeze(): void;
  /** SIGCONT. What came meanwhile arrives now, in its order. */
  thaw(): void;
  /** SIGKILL. */
  kill(): void;
}

export interface Scheduler {
  now(): number;
  /** Schedules a step outside every process, for the network, the API server or users. */
  schedule(delayMs: number, run: () => void): () => void;
  startProcess(name: string, skewMs: number): Process;
  /** Runs every step that is due until then; ends early when `isOver` says so. */
  runUntil(at: number, isOver: () => boolean): Promise<void>;
  steps(): number;
}

interface Step {
  dueAt: number;
  order: number;
  readonly run: () => void;
  readonly owner: Owner | null;
  isCancelled: boolean;
}

interface Owner {
  isFrozen: boolean;
  frozenAt: number;
  readonly freezes: { readonly forMs: number; readonly endedAt: number }[];
  isAlive: boolean;
  backlog: Step[];
}

const settled = Promise.resolve();

export function createScheduler(startAt: number): Scheduler {
  const heap: Step[] = [];
  let now = startAt;
  let order = 0;
  let steps = 0;

  function add(delayMs: number, run: () => void, owner: Owner | null): () => void {
    const step: Step = { dueAt: now + Math.max(0, delayMs), order: ++order, run, owner, isCancelled: false };
    push(heap, step);
    return () => {
      step.isCancelled = true;
    };
  }

  /** The next step that can run; what belongs to a frozen process is put by. */
  function takeDue(at: number): Step | null {
    for (let step = heap[0]; step !== undefined && step.dueAt <= at; step = heap[0]) {
      pop(heap);
      if (step.isCancelled || step.owner?.isAlive === false) continue;
      if (step.owner?.isFrozen !== true) return step;
      step.owner.backlog.push(step);
    }
    return null;
  }

  return {
    now: () => now,
    schedule: (delayMs, run) => add(delayMs, run, null),
    steps: () => steps,
    startProcess(name, initialSkewMs) {
      let skewMs = initialSkewMs;
      // Whole milliseconds, as Date.now has them.
      const wallNow = (): number => Math.floor(now + skewMs);
      const owner: Owner = { isFrozen: false, frozenAt: 0, freezes: [], isAlive: true, backlog: [] };
      const schedule = (delayMs: number, run: () => void) => add(delayMs, run, owner);
      return {
        name,
        clock: {
          now: wallNow,
          // As systemClock has it: a wall clock that is set ahead looks like a suspension.
          monotonic: createElapsed(wallNow, () => now),
          setTimer: (callback, delayMs) => schedule(delayMs, callback),
        },
        schedule,
        setClock(nextMs) {
          skewMs = nextMs;
        },
        isFrozen: () => owner.isFrozen,
        isAlive: () => owner.isAlive,
        wokeAt: (longerThanMs) =>
          owner.freezes.findLast(({ forMs }) => forMs > longerThanMs)?.endedAt ?? Number.NEGATIVE_INFINITY,
        freeze() {
          owner.isFrozen = true;
          owner.frozenAt = now;
        },
        thaw() {
          if (owner.isFrozen) owner.freezes.push({ forMs: now - owner.frozenAt, endedAt: now });
          owner.isFrozen = false;
          for (const step of owner.backlog) {
            step.dueAt = now;
            step.order = ++order;
            push(heap, step);
          }
          owner.backlog = [];
        },
        kill() {
          owner.isAlive = false;
          owner.backlog = [];
        },
      };
    },
    runUntil: (at, isOver) =>
      new Promise((resolve, reject) => {
        function runNext(): void {
          try {
            const step = isOver() ? null : takeDue(at);
            if (step === null) {
              if (!isOver()) now = Math.max(now, at);
              resolve();
              return;
            }
            now = Math.max(now, step.dueAt);
            steps += 1;
            step.run();
            // Node empties the queue of microtasks before it runs a tick, and runs the next tick
            // before microtasks: https://nodejs.org/api/process.html#processnexttickcallback-args
            process.nextTick(() => {
              settled.then(runNext);
            });
          } catch (error) {
            reject(error);
          }
        }
        runNext();
      }),
  };
}

function isBefore(a: Step, b: Step): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}

function push(heap: Step[], step: Step): void {
  let at = heap.push(step) - 1;
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (parent === undefined || !isBefore(step, parent)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = step;
}

function pop(heap: Step[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[at * 2 + 1];
    const right = heap[at * 2 + 2];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = at * 2 + (isRight ? 2 : 1);
  }
  heap[at] = last;
}
