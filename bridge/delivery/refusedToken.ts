/**
 * createRefusedTokenLog: says once that the functions do not take our token. Every event would be refused for the same reason, and nothing
 * moves until somebody repairs it: that is worth a warning at the first 401, not after ten of them. Used by `deliver`.
 */

import type { Logger } from '../../lib/telemetry/logger.ts';

/** Told the status of every attempt; 0: no answer. A 2xx ends it, so that the next time is said again. */
export function createRefusedTokenLog(log: Logger): (status: number, detail: string) => void {
  let isSaid = false;
  return (status, detail) => {
    if (status >= 200 && status < 300) isSaid = false;
    if (status !== 401 || isSaid) return;
    isSaid = true;
    log.warn(
      { status, detail },
      'the functions refuse our token, nothing moves: compare --token-file with their --trusted-sender and --audience',
    );
  };
}
