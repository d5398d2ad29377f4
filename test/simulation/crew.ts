/**
 * createCrew: what befalls the functions and bridges of a run, together. They are killed and
 * started again, stand still for a while, and go on.
 */

import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';
import type { Receiver } from './simulatedSink.ts';

interface CrewOptions {
  /** Both lists always hold those that run now. */
  readonly functions: Receiver[];
  readonly bridges: Process[];
  readonly random: Random;
  readonly scheduler: Scheduler;
  /** How long a process may stand still. */
  readonly longestHaltMs: number;
  startFunction(): Receiver;
  startBridge(): Process;
}

export interface Crew {
  all(): readonly Process[];
  /** Kills one of a kind, and starts another in its place. */
  restart(kind: 'function' | 'bridge'): void;
  /** One stands still, if it does not already. */
  freeze(): void;
  thaw(): void;
  kill(): void;
}

const SHORTEST_HALT_MS = 500;

export function createCrew({ functions, bridges, random, scheduler, ...options }: CrewOptions): Crew {
  const all = (): readonly Process[] => [...functions.map(({ process }) => process), ...bridges];
  return {
    all,
    restart(kind) {
      if (kind === 'function') {
        const index = random.below(functions.length);
        functions[index]?.process.kill();
        functions[index] = options.startFunction();
      } else {
        const index = random.below(bridges.length);
        bridges[index]?.kill();
        bridges[index] = options.startBridge();
      }
    },
    freeze() {
      const process = random.pickAny(all());
      if (process === undefined || process.isFrozen()) return;
      process.freeze();
      scheduler.schedule(random.between(SHORTEST_HALT_MS, options.longestHaltMs), process.thaw);
    },
    thaw() {
      for (const process of all()) process.thaw();
    },
    kill() {
      for (const process of all()) process.kill();
    },
  };
}
