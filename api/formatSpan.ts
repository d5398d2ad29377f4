/**
 * Formats a length of time in two units at most, as kubectl prints ages: `850ms`, `12s`, `4m10s`,
 * `3h5m`, `9d2h`.
 */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  const first = units.findIndex(([, size]) => ms >= size);
  let rest = ms;
  let text = '';
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
