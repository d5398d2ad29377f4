/**
 * Pauses a replay: `--step` waits for a key, `--speed` for the time that passed between two events.
 */

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

export interface Stepper extends Disposable {
  /** False when the person has had enough. */
  waitForGo(): Promise<boolean>;
}

/** Reads lines of standard input: Enter goes on, `q` or the end of input ends. */
export function openStepper(input: NodeJS.ReadableStream): Stepper {
  const lines = createInterface({ input });
  const pressed: string[] = [];
  let isEnded = false;
  lines.on('line', (line) => pressed.push(line));
  lines.on('close', () => {
    isEnded = true;
  });
  return {
    async waitForGo() {
      while (pressed.length === 0 && !isEnded) await Promise.race([once(lines, 'line'), once(lines, 'close')]);
      const line = pressed.shift();
      return line !== undefined && line.trim().toLowerCase() !== 'q';
    },
    [Symbol.dispose]: () => lines.close(),
  };
}

/** Returns early when the signal is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Speed 0 has no pauses. A recording is in the order of answers, so time may step back a little.
 * That does not make a pause either.
 */
export function createPacer(
  speed: number,
  sleep: Sleep = sleepFor,
): (at: number, signal: AbortSignal) => Promise<void> {
  let lastAt: number | null = null;
  return async (at, signal) => {
    const pauseMs = lastAt === null || speed === 0 ? 0 : (at - lastAt) / speed;
    lastAt = at;
    if (pauseMs > 0) await sleep(pauseMs, signal);
  };
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
