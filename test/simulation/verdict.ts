/**
 * Verdict: keeps the first violation of a run, and the trace that leads to it.
 */

export type CheckName =
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'S6'
  | 'S7'
  | 'S8'
  | 'S9'
  | 'S10'
  | 'S11'
  | 'S13'
  | 'S14'
  | 'roles'
  | 'nodes'
  | 'S15'
  | 'L1'
  | 'late'
  | 'lease'
  | 'outbox'
  | 'loop'
  | 'fault';

export interface Violation {
  readonly check: CheckName;
  readonly message: string;
  /** Milliseconds since the start of the run. */
  readonly atMs: number;
}

export interface Verdict {
  /** `line` is called only when the trace is read. */
  note(line: string | (() => string)): void;
  /** Adds what only a trace of everything needs. */
  detail(line: () => string): void;
  /** Only the first counts, because what follows from a broken state proves nothing. */
  violate(check: CheckName, message: string): void;
  violation(): Violation | null;
  trace(): readonly string[];
}

export function createVerdict(
  now: () => number,
  startedAt: number,
  { isDetailed = false, ignored = [] }: { readonly isDetailed?: boolean; readonly ignored?: readonly CheckName[] },
): Verdict {
  const lines: { readonly atMs: number; readonly line: string | (() => string) }[] = [];
  let first: Violation | null = null;
  const note: Verdict['note'] = (line) => {
    lines.push({ atMs: now() - startedAt, line });
  };
  return {
    note,
    detail(line) {
      if (isDetailed) note(line);
    },
    violate(check, message) {
      if (first !== null || ignored.includes(check)) return;
      first = { check, message, atMs: now() - startedAt };
      note(`VIOLATION ${check}: ${message}`);
    },
    violation: () => first,
    trace: () =>
      lines.map(
        ({ atMs, line }) => `${(atMs / 1_000).toFixed(3).padStart(8)} ${typeof line === 'string' ? line : line()}`,
      ),
  };
}
