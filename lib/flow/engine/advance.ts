/**
 * advance: decides what happens next in one flow, at one instant.
 *
 * Guarantees: pure. The order of lists does not matter. Deciding again after the decision was
 * written changes nothing. Nothing starts without a record (Z14).
 * Source: docs/decisions/flows.md#what-holds
 */

import type { Problem, Step } from '../spec/flowSpec.ts';
import { validate } from '../spec/validate.ts';
import { type FlowPhase, type FlowReason, type FlowState, flowPhase } from '../state/flowPhase.ts';
import { type FlowRecord, hasEnded, newRecord } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView } from '../state/snapshot.ts';
import { type AttemptsSeen, endAttempts } from './endAttempts.ts';
import { nextReconcileAt } from './nextReconcileAt.ts';
import { type Progress, type StepChange, startProgress } from './progress.ts';
import { rebuildRecord } from './rebuildRecord.ts';
import { takeUpRetries } from './requests.ts';
import { settlePending } from './settlePending.ts';
import { expiredJobs, runsForNothing } from './spareJobs.ts';
import { type Start, startReady } from './startReady.ts';
import { endRunning, hasOpenSteps, settleSuspension, stopByFailure, stopFromOutside } from './stops.ts';

export interface Decision {
  /** `refused`: nothing is decided until a person has changed something. */
  readonly kind: 'advanced' | 'kept' | 'finished' | 'refused';
  readonly phase: FlowPhase | null;
  readonly reason: FlowReason | null;
  readonly changes: readonly StepChange[];
  /** What the record has to say before anything else is written; null where it says so already. */
  readonly record: FlowRecord | null;
  /** There is no object for the record yet. It is made empty, and patched by the next decision. */
  readonly createsRecord: boolean;
  readonly starts: readonly Start[];
  readonly deletes: readonly JobView[];
  /** Its time to live is over. */
  readonly deletesFlow: boolean;
  /** The snapshot cannot tell. Read the state now, and decide by that. */
  readonly needsRead: boolean;
  readonly problems: readonly Problem[];
  /** Null where only a change can lead on. */
  readonly nextReconcileAt: number | null;
}

const nothing: Decision = {
  kind: 'kept',
  phase: null,
  reason: null,
  changes: [],
  record: null,
  createsRecord: false,
  starts: [],
  deletes: [],
  deletesFlow: false,
  needsRead: false,
  problems: [],
  nextReconcileAt: null,
};

export function advance(snapshot: FlowSnapshot, now: number): Decision {
  const { flow, record: view } = snapshot;
  if (flow === null || flow.terminating) return nothing;
  const old = view?.record ?? null;
  if (old === 'unreadable') return refuse('RecordUnreadable', []);
  if (old === null) {
    const problems = [...flow.problems, ...validate(flow.spec)];
    if (problems.some(({ severity }) => severity === 'error')) return refuse(reasonOf(problems), problems);
    // Without the record, what has run is not known. Starting afresh would run it twice (Z14).
    const isLost = hasStarted(flow);
    if (isLost && snapshot.basis === 'watch') return { ...nothing, needsRead: true, nextReconcileAt: now };
    if (view === null)
      return { ...nothing, kind: 'advanced', phase: 'Pending', createsRecord: true, nextReconcileAt: now };
    const base = isLost ? rebuildRecord(flow, snapshot.jobs, now) : newRecord(flow.spec, flow.specHash, now);
    return decide(snapshot, flow, base, true, now);
  }
  if (old.specHash !== flow.specHash) return refuse('SpecChanged', []);
  if (!hasEveryStep(old, flow)) return refuse('RecordUnreadable', []);
  return decide(snapshot, flow, old, false, now);
}

function decide(snapshot: FlowSnapshot, flow: FlowView, base: FlowRecord, isNew: boolean, now: number): Decision {
  const progress = startProgress(flow.spec, base);
  const isSuspended = settleSuspension(progress, now);
  stopFromOutside(progress, now);
  const seen = endAttempts(progress, flow, snapshot, now);
  // A Job that is made again gets a record first. What an older view saw of the first one is fenced
  // by that.
  if (seen.lost.length > 0) progress.changeFlow({});
  const final = progress.ordered.filter(({ name }) => progress.isFinal(name));
  const steps = progress.ordered.filter(({ name }) => !progress.isFinal(name));
  // A question that is rejected at once may have been asked for more than once.
  takeUpRetries(progress, flow, steps, now);
  do settleSteps(progress, flow, steps, isSuspended, now);
  while (takeUpRetries(progress, flow, steps, now));
  do settleFinally(progress, flow, final, isSuspended, now);
  while (takeUpRetries(progress, flow, final, now));
  const { starts, hasMore } = startReady(progress, isSuspended, now);
  if (progress.ordered.every(({ name }) => hasEnded(progress.step(name))) && progress.record().endedAt === null) {
    progress.changeFlow({ endedAt: now });
  }
  // The record that a Job is judged by may be older than the Job. The write fails where it is.
  if (runsForNothing(snapshot, progress.record()).length > 0) progress.changeFlow({});
  const decided = progress.record();
  const record = isNew || progress.isChanged() ? next(decided, snapshot) : null;
  return assemble({ snapshot, flow, progress, decided, record, seen, starts, hasMore, now });
}

interface Parts {
  readonly snapshot: FlowSnapshot;
  readonly flow: FlowView;
  readonly progress: Progress;
  readonly decided: FlowRecord;
  readonly record: FlowRecord | null;
  readonly seen: AttemptsSeen;
  readonly starts: readonly Start[];
  readonly hasMore: boolean;
  readonly now: number;
}

function assemble({ snapshot, flow, progress, decided, record, seen, starts, hasMore, now }: Parts): Decision {
  const state = flowPhase(flow.spec, decided);
  const kept = expiredJobs(snapshot, decided, flow.spec, now);
  // Those that were lost run by the record. A step that was ended since needs no Job any more.
  const lost = seen.lost
    .map((name) => progress.step(name))
    .filter(({ phase }) => phase === 'Running')
    .map(({ name, attempt }) => ({ step: name, attempt }));
  const missing = seen.missing.filter(({ step }) => progress.step(step).phase === 'Running');
  const isOver = decided.endedAt !== null && decided.endedAt + flow.spec.policy.ttlMs <= now;
  // A write of this decision records them along.
  const uidsDueAt = record === null ? seen.uidsDueAt : null;
  return {
    ...nothing,
    kind: kindOf(state, record !== null || lost.length > 0),
    phase: state.phase,
    reason: state.reason,
    changes: progress.changes(),
    record,
    starts: [...lost, ...starts],
    deletes: [...runsForNothing(snapshot, decided), ...kept.expired],
    deletesFlow: isOver,
    needsRead: missing.some(({ readAt }) => readAt <= now),
    nextReconcileAt: nextReconcileAt(progress, { missing, jobsExpireAt: kept.nextAt, uidsDueAt, hasMore }, now),
  };
}

function kindOf({ phase }: FlowState, isChanged: boolean): Decision['kind'] {
  if (phase === 'Succeeded' || phase === 'Failed') return 'finished';
  return isChanged ? 'advanced' : 'kept';
}

/** A step that fails stops the flow, which skips what was settled before it in the same pass. */
function settleSteps(
  progress: Progress,
  flow: FlowView,
  steps: readonly Step[],
  isSuspended: boolean,
  now: number,
): void {
  stopByFailure(progress, now);
  for (;;) {
    const { stop } = progress.record();
    endRunning(progress, now);
    settlePending(progress, steps, { flow, isSuspended, isStopped: stop !== null, now });
    stopByFailure(progress, now);
    if (progress.record().stop === stop) return;
  }
}

/** Starts once, when nothing of the steps is open (Z10). Its own deadline ends it. */
function settleFinally(
  progress: Progress,
  flow: FlowView,
  steps: readonly Step[],
  isSuspended: boolean,
  now: number,
): void {
  if (steps.length === 0) return;
  if (progress.record().finallyAt === null) {
    if (hasOpenSteps(progress)) return;
    progress.changeFlow({ finallyAt: now });
  }
  const isOver = (progress.record().finallyAt ?? now) + progress.spec.policy.finallyDeadlineMs <= now;
  if (isOver) failRunning(progress, steps, now);
  settlePending(progress, steps, { flow, isSuspended, isStopped: isOver, now });
}

function failRunning(progress: Progress, steps: readonly Step[], now: number): void {
  for (const { name } of steps) {
    if (progress.step(name).phase !== 'Running') continue;
    progress.change(name, { phase: 'Failed', reason: 'FinallyDeadlineExceeded', endedAt: now });
  }
}

function next(record: FlowRecord, { revisions }: FlowSnapshot): FlowRecord {
  return { ...record, rev: record.rev + 1, flowRevision: revisions.flows, jobsRevision: revisions.jobs };
}

function refuse(reason: FlowReason, problems: readonly Problem[]): Decision {
  const isInvalid = reason === 'ValidationFailed' || reason === 'DAGCycle';
  return { ...nothing, kind: 'refused', phase: isInvalid ? 'Failed' : null, reason, problems };
}

function reasonOf(problems: readonly Problem[]): FlowReason {
  const errors = problems.filter(({ severity }) => severity === 'error');
  return errors.every(({ message }) => message.startsWith('dependencies go in a circle'))
    ? 'DAGCycle'
    : 'ValidationFailed';
}

/** A record whose hash is right has each step, unless a person wrote it. */
function hasEveryStep({ steps }: FlowRecord, { spec }: FlowView): boolean {
  const known = new Set(steps.map(({ name }) => name));
  return [...spec.steps, ...spec.finally].every(({ name }) => known.has(name));
}

/** The status of a flow that was refused has no record behind it. */
function hasStarted({ status }: FlowView): boolean {
  if (status === null || status.phase === 'Pending') return false;
  return status.phase !== 'Failed' || status.recordRevision > 0;
}
