/** Says how many more steps may start in one decision. */

import type { Progress } from './progress.ts';

/** One flow of 500 wide steps must not hold up the starts of the others. */
export const MAX_STARTS = 50;

/** By `parallelism` alone. */
export function roomOf(progress: Progress): number {
  const running = progress.ordered.filter(({ name }) => progress.step(name).phase === 'Running');
  return progress.spec.parallelism - running.length;
}
