/**
 * The logger: pino, JSON lines on standard output, one line a decision. Functions and bridge take a `Logger`; tests pass `silentLogger`.
 */

import { pino } from 'pino';

export type Logger = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error'>;

export function createLogger(level: string, name: string): Logger {
  return pino({ level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime });
}

export const silentLogger: Logger = pino({ level: 'silent' });
