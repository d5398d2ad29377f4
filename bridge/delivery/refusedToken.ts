/**
 * createRefusedTokenLog: warns once that the functions refuse our token. Every event would be
 * refused for the same reason, and nothing moves until an operator repairs it, so the first 401 is
 * worth a warning.
 */

import type { Logger } from '../../lib/telemetry/logger.ts';

/**
 * Takes the status of every attempt, 0 where no answer came. After a 2xx the next 401 is logged
 * again.
 */
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
