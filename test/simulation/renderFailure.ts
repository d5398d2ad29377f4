/**
 * renderFailure: describes a failed run for people, with the violation, the steps that led to it,
 * and the command that repeats it.
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
