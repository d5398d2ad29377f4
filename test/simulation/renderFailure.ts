/**
 * renderFailure: a run that failed, for people: what was violated, how it came to that, and how to
 * see it again.
 */

import type { SeedResult } from './runSeed.ts';

/** What led there is near the end; the replay prints all of it. */
const LINES_SHOWN = 60;

export function renderFailure({ seed, violation, trace }: SeedResult): string {
  const shown = trace.slice(-LINES_SHOWN);
  const left = trace.length - shown.length;
  return [
    `seed ${seed} violates ${violation?.check}: ${violation?.message}`,
    ...(left > 0 ? [`  ... ${left} lines before`] : []),
    ...shown.map((line) => `  ${line}`),
    `replay: npm run test:simulation -- --seed ${seed}`,
  ].join('\n');
}
