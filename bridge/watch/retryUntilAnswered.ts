/**
 * persist: asks the API server until it answers. Called by the reflector for its LISTs, and by
 * watchLoop.ts for the version that a watch is resumed from.
 *
 * Guarantees: waits between two attempts as retryWaitMs says; the first failure is logged as a warning, and then every so many-th.
 * Returns undefined when `signal` is aborted. Rejects with nothing but what is no ZenLeadError: a fault of ours.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Clock } from '../clock.ts';
import { sleep } from '../sleep.ts';
import { retryWaitMs } from './nextStep.ts';
import type { ReflectorTuning } from './reflectorTuning.ts';

export interface RetryOptions {
  /** For the log: `pods`. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly tuning: ReflectorTuning;
}

/** `attempt`: for the log, `list`. */
export async function retryUntilAnswered<T>(
  attempt: string,
  ask: () => Promise<T>,
  { name, clock, random, log, tuning }: RetryOptions,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ZenLeadError)) throw error;
      if (signal.aborted) break;
      const waitMs = retryWaitMs(failures, error, tuning, random());
      const { code, message } = error;
      log[failures % tuning.failuresPerLog === 1 ? 'warn' : 'debug'](
        { reflector: name, code, error: message, failures, waitMs },
        `${attempt} failed`,
      );
      await sleep(clock, waitMs, signal);
    }
  }
  return undefined;
}
