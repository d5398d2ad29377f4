/**
 * Says what the exit code of `zen-lead` and of `zen-flow` means.
 */

import { codeOf } from '../errors.ts';

export const exitCodes = [
  { code: 0, meaning: 'Done, or stopped by SIGTERM or SIGINT.' },
  {
    code: 1,
    meaning: 'Failed: the message says what was tried. With --expect: the rules decide otherwise.',
  },
  { code: 2, meaning: 'Usage: an unknown command or flag, or a value or a recording that cannot be read.' },
] as const;

type ExitCode = (typeof exitCodes)[number]['code'];

export function exitCodeOf(error: unknown): ExitCode {
  const code = codeOf(error);
  return code === 'CONFIG_INVALID' || code === 'INPUT_INVALID' ? 2 : 1;
}
