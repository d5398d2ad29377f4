/**
 * Draws a run, one row a step: `#` while a Job runs, `x` where it failed, `?` while a person is
 * asked.
 */

import type { StepSeen } from './flowJournal.ts';

const CELLS = 56;
const marks = { Running: '#', PendingApproval: '?' } as const;

export function renderRun(names: readonly string[], seen: readonly StepSeen[], endedAt: number): readonly string[] {
  const width = Math.max(...names.map((name) => name.length));
  const cellOf = (at: number) => Math.min(CELLS - 1, Math.floor((at / Math.max(1, endedAt)) * CELLS));
  return names.map((name) => {
    const cells = Array.from({ length: CELLS }, () => ' ');
    const own = seen.filter((step) => step.name === name);
    for (const [index, step] of own.entries()) {
      if (step.phase !== 'Running' && step.phase !== 'PendingApproval') continue;
      const next = own[index + 1];
      const last = cellOf(next?.at ?? endedAt);
      cells.fill(marks[step.phase], cellOf(step.at), Math.max(last, cellOf(step.at) + 1));
      if (next !== undefined && (next.phase === 'Failed' || next.attempt > step.attempt)) cells[last] = 'x';
    }
    return `   ${name.padEnd(width)}  ${cells.join('')}`.trimEnd();
  });
}
