/**
 * settleChanged: decides about a flow whose frozen fields were changed after it had started. Its
 * steps are not those that the record is about.
 *
 * Guarantees: pure. Nothing starts, and no attempt is judged, until the change is reverted. What
 * does not depend on the steps holds all the same: a shutdown, the deadline, the time to live, and
 * that no Job runs for nothing (Z6).
 */

import type { FlowSpec } from '../spec/flowSpec.ts';
import { readSpec } from '../spec/readSpec.ts';
import { type FlowRecord, hasEnded } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView } from '../state/snapshot.ts';
import { type StepChange, startProgress } from './progress.ts';
import { runsForNothing } from './spareJobs.ts';
import { deadlineAt, endRunning, expiresAt, settleSuspension, stopFromOutside } from './stops.ts';

export interface ChangedDecision {
  /** Null where it says all. */
  readonly record: FlowRecord | null;
  readonly changes: readonly StepChange[];
  readonly deletes: readonly JobView[];
  readonly deletesFlow: boolean;
  /** Epoch milliseconds; null where only a change can lead on. */
  readonly nextReconcileAt: number | null;
}

export function settleChanged(snapshot: FlowSnapshot, flow: FlowView, old: FlowRecord, now: number): ChangedDecision {
  const progress = startProgress(asStarted(flow.spec, old), old);
  if (old.endedAt === null) {
    settleSuspension(progress, now);
    stopFromOutside(progress, now);
    endRunning(progress, flow, now);
    if (progress.record().steps.every(hasEnded)) progress.changeFlow({ endedAt: now });
  }
  const deletes = runsForNothing(snapshot, progress.record());
  // The record that a Job is judged by may be older than the Job. The write fails where it is.
  if (deletes.length > 0) progress.changeFlow({});
  const { endedAt } = progress.record();
  const overAt = expiresAt(flow.spec, endedAt);
  return {
    record: progress.isChanged() ? progress.record() : null,
    changes: progress.changes(),
    deletes,
    deletesFlow: overAt !== null && overAt <= now,
    nextReconcileAt: overAt ?? deadlineAt(progress),
  };
}

/** The steps of the record, of which no more is known than their names. */
function asStarted(spec: FlowSpec, { steps }: FlowRecord): FlowSpec {
  const final = new Set(spec.finally.map(({ name }) => name));
  const bare = (isFinal: boolean) =>
    steps.filter(({ name }) => final.has(name) === isFinal).map(({ name }) => ({ name, type: 'Manual' }));
  const known = readSpec({ steps: bare(false), finally: bare(true) }).spec;
  return { ...spec, steps: known.steps, finally: known.finally };
}
