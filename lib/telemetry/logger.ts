/**
 * Makes the logger: pino, JSON lines on standard output, one line a decision. Tests pass
 * `silentLogger`.
 */

import { pino } from 'pino';

export type Logger = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error'>;

/** A logger whose level may change while it is used. */
export type AdjustableLogger = Logger & Pick<ReturnType<typeof pino>, 'level'>;

/** Commands whose standard output is data log to standard error. */
export function createLogger(level: string, name: string, output: 'stdout' | 'stderr' = 'stdout'): AdjustableLogger {
  const options = { level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, pino.destination({ fd: output === 'stdout' ? 1 : 2, sync: true }));
}

export const silentLogger: Logger = pino({ level: 'silent' });
