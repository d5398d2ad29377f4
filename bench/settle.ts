/**
 * Waits until what went before is over: opening watches, announcements. The figures do not depend
 * on it. It keeps one measurement out of the next.
 */

import { setTimeout as sleep } from 'node:timers/promises';

const SETTLE_MS = 3_000;

export function settle(ms = SETTLE_MS): Promise<void> {
  return sleep(ms);
}
