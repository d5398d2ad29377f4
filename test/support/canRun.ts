/**
 * Whether a program that knows `version --client` is on the PATH, as kubectl does.
 */

import { execFileSync } from 'node:child_process';

export function canRun(command: string): boolean {
  try {
    execFileSync(command, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
