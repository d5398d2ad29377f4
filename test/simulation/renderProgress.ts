/**
 * renderProgress: one line about a long run: how far it is, how fast, and how long it still takes.
 */

export interface Progress {
  readonly done: number;
  readonly count: number;
  readonly steps: number;
  readonly failing: number;
  readonly elapsedMs: number;
}

export function renderProgress({ done, count, steps, failing, elapsedMs }: Progress): string {
  const rate = done / Math.max(elapsedMs / 1_000, 0.001);
  const left = done === 0 ? 'unknown' : duration(((count - done) / rate) * 1_000);
  const found = failing === 0 ? 'no violation' : `${failing} with a violation`;
  return `${done} of ${count} seeds, ${steps} steps, ${found}; ${rate.toFixed(1)} seeds/s, ${left} left`;
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
