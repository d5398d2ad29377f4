/**
 * retryUntilAnswered: asks the API server until it answers.
 *
 * Guarantees: waits between two attempts as retryWaitMs says. Logs the first failure as a warning,
 * and then every so many-th. Returns undefined when `signal` aborts. Rejects only with an error
 * that is not a ZenLeadError, which is a fault in our code.
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
  /** Null where it answered with what was asked for. */
  readonly onAnswer: (error: ZenLeadError | null) => void;
}

/** `attempt`: for the log, `list`. */
export async function retryUntilAnswered<T>(
  attempt: string,
  ask: () => Promise<T>,
  { name, clock, random, log, tuning, onAnswer }: RetryOptions,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      const answer = await ask();
      onAnswer(null);
      return answer;
    } catch (error) {
      if (!(error instanceof ZenLeadError)) throw error;
      if (signal.aborted) break;
      onAnswer(error);
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
