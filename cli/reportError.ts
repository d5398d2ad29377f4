/**
 * Ends a program for an error: one line on standard error, and the exit code.
 *
 * Guarantees: an error of our own is one plain line; any other is a defect and shows its stack.
 */

import { exitCodeOf } from '../lib/config/exitCode.ts';
import { codeOf } from '../lib/errors.ts';
import { escapeLines } from './escapeControls.ts';

export function reportError(program: string, error: unknown): void {
  process.exitCode = exitCodeOf(error);
  const hint = process.exitCode === 2 ? `; see ${program} --help` : '';
  const isOurs = error instanceof Error && codeOf(error) !== undefined;
  process.stderr.write(`${escapeLines(`${program}: ${isOurs ? `${error.message}${hint}` : describe(error)}`)}\n`);
}

/**
 * A port that is taken or a folder that is not there is not a defect. The system's message is
 * enough, and a stack would hide it.
 */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'syscall' in error ? error.message : (error.stack ?? error.message);
}
