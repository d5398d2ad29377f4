/**
 * Builds several Go programs one after another, and reports every half minute that a build goes on.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGoProgram, type GoProgram } from './goProgram.ts';

export async function buildGoPrograms(
  programs: readonly GoProgram[],
  directory: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'zen-lead-assets-'));
  try {
    for (const [index, program] of programs.entries()) {
      const startedAt = Date.now();
      const step = `${program.name} (${index + 1} of ${programs.length})`;
      say(`building ${step}; minutes when nothing is cached`);
      const progress = setInterval(() => say(`building ${step}, ${elapsed(startedAt)}`), 30_000);
      try {
        await buildGoProgram(program, work, directory, signal);
      } finally {
        clearInterval(progress);
      }
      say(`built ${step} in ${elapsed(startedAt)}`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function elapsed(startedAt: number): string {
  return `${Math.round((Date.now() - startedAt) / 1000)} s`;
}
