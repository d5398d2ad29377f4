/**
 * Says in words what the health or role check of a Service does and what it says of a pod. Also
 * says how long a hang may last under its settings.
 */

import { formatSpan } from '../../api/formatSpan.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { type HealthCheckSettings, hangBoundMs } from '../../lib/selection/healthCheck.ts';
import { annotation } from '../../lib/selection/names.ts';
import type { RoleCheckSettings } from '../../lib/selection/roleCheck.ts';
import type { Health, Snapshot } from '../../lib/selection/snapshot.ts';

export interface ExplainedCheck {
  /** The annotation as it is written. */
  readonly check: string;
  /** Which bridge's verdicts count here; null where none is known. */
  readonly observer: string | null;
  /** What the check cannot see, and how long what it sees may last. */
  readonly bound: string;
  readonly hangBoundMs: number;
}

export function toExplainedCheck(check: HealthCheckSettings, { observer }: Snapshot): ExplainedCheck {
  const bound = hangBoundMs(check);
  return { check: check.raw, observer: observer ?? null, bound: describeBound(check, bound), hangBoundMs: bound };
}

export function toExplainedRoleCheck(check: RoleCheckSettings, { source, observer }: Snapshot): ExplainedCheck {
  const silentAfterMs = hangBoundMs(check);
  const { intervalMs, timeoutMs } = check;
  const bound = [
    `a leader that becomes a replica is noticed after ${formatExactly(intervalMs + timeoutMs)}`,
    `one that does not answer after ${formatExactly(silentAfterMs)}`,
    `a new primary after ${formatExactly(intervalMs + timeoutMs)} while no pod is the primary`,
  ].join(', ');
  const written = source?.annotations[annotation.roleCheck] ?? '';
  return { check: written, observer: observer ?? null, bound, hangBoundMs: silentAfterMs };
}

function describeBound({ scheme, intervalMs, timeoutMs, failureThreshold: count }: HealthCheckSettings, bound: number) {
  const sum = `interval ${formatExactly(intervalMs)} + ${count} x timeout ${formatExactly(timeoutMs)} + ${count - 1} x 50ms`;
  // The kernel accepts connections for a process that stands still.
  if (scheme === 'tcp')
    return `a pod without network is left after ${formatExactly(bound)} (${sum}); a hang is not seen by tcp`;
  return `a hang is left after ${formatExactly(bound)} (${sum})`;
}

export function describeHealth({ verdict, role, since, detail }: Health): string {
  const why = detail === undefined ? '' : ` (${detail})`;
  if (role !== undefined)
    return `says that it is ${role === 'primary' ? 'the primary' : 'not the primary'} since ${formatRfc3339(since)}`;
  return `${verdict === 'passing' ? 'passes' : 'fails'} its check${why} since ${formatRfc3339(since)}`;
}

/** `formatSpan` rounds down, and a bound must not. */
function formatExactly(ms: number): string {
  return ms >= 1_000 && ms < 60_000 ? `${ms / 1_000}s` : formatSpan(ms);
}
