/**
 * advance: decides what happens next in one flow, at one instant.
 *
 * Guarantees: pure. The order of lists does not matter. Deciding again after the decision was
 * written changes nothing. Nothing starts without a record (Z14).
 * Source: docs/decisions/flows.md#what-holds
 */

import { faultsOf } from '../spec/faultsOf.ts';
import type { Problem, Step } from '../spec/flowSpec.ts';
import { noFacts, type Read } from '../state/facts.ts';
import { type FlowPhase, type FlowReason, type FlowState, flowPhase } from '../state/flowPhase.ts';
import { recordName } from '../state/names.ts';
import { type FlowRecord, fitsRecord, hasEnded, newRecord } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView } from '../state/snapshot.ts';
import { type AttemptsSeen, endAttempts } from './endAttempts.ts';
import { type GroupDecision, needsGroup, settleGroup } from './group.ts';
import { type Hold, holdsOf } from './holdJobs.ts';
import { hasEveryStep, hasStarted } from './knownSteps.ts';
import { nextReconcileAt } from './nextReconcileAt.ts';
import type { Knowledge } from './prepareStep.ts';
import { type Progress, type StepChange, startProgress } from './progress.ts';
import { rebuildRecord } from './rebuildRecord.ts';
import { takeUpRetries, takeUpSkips } from './requests.ts';
import { MAX_STARTS, roomOf } from './room.ts';
import { settleChanged } from './settleChanged.ts';
import { type Circumstances, settlePending } from './settlePending.ts';
import { expiredJobs, runsForNothing } from './spareJobs.ts';
import { type Start, startReady } from './startReady.ts';
import {
  endEarly,
  endRunning,
  expiresAt,
  finallyDeadlineAt,
  hasOpenSteps,
  settleSuspension,
  stopByFailure,
  stopFromOutside,
} from './stops.ts';

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
  /** Running Jobs that are suspended, or go on. */
  readonly holds: readonly Hold[];
  /** What has to be read before this decision can be made. It is made again with that. */
  readonly reads: readonly Read[];
  readonly group: Pick<GroupDecision, 'acquires' | 'replaces'>;
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
  holds: [],
  reads: [],
  group: { acquires: null, replaces: null },
  deletesFlow: false,
  needsRead: false,
  problems: [],
  nextReconcileAt: null,
};

export function advance(snapshot: FlowSnapshot, now: number): Decision {
  const { flow, record: view } = snapshot;
  if (flow === null || flow.terminating) return nothing;
  const old = view?.record ?? null;
  if (old === 'unreadable') return refuse('RecordUnreadable', view?.isTaken === true ? [nameTaken(flow)] : []);
  if (old === null) {
    const problems = [...flow.problems, ...faultsOf(flow.spec)];
    if (problems.some(({ severity }) => severity === 'error')) return refuseToStart(flow, problems, now);
    // Without the record, what has run is not known. Starting afresh would run it twice (Z14). The
    // status may not have been written yet, and a Job is there all the same.
    const isLost = hasStarted(flow) || snapshot.jobs.some(({ isOurs }) => isOurs);
    if (isLost && snapshot.basis === 'watch') return { ...nothing, needsRead: true, nextReconcileAt: now };
    if (view === null)
      return { ...nothing, kind: 'advanced', phase: 'Pending', createsRecord: true, nextReconcileAt: now };
    const base = isLost ? rebuildRecord(flow, snapshot.jobs, now) : newRecord(flow.spec, flow.specHash, now);
    return decide(snapshot, flow, base, true, now);
  }
  if (old.specHash !== flow.specHash) {
    const changed = settleChanged(snapshot, flow, old, now);
    const record = changed.record && next(changed.record, snapshot);
    return { ...refuse('SpecChanged', []), ...changed, record };
  }
  if (!hasEveryStep(old, flow)) return refuse('RecordUnreadable', []);
  return decide(snapshot, flow, old, false, now);
}

/** A flow that never starts has ended, too, once its status says that it has failed. */
function refuseToStart(flow: FlowView, problems: readonly Problem[], now: number): Decision {
  const overAt = expiresAt(flow.spec, flow.status?.phase === 'Failed' ? flow.status.endedAt : null);
  const deletesFlow = overAt !== null && overAt <= now;
  return { ...refuse(reasonOf(problems), problems), deletesFlow, nextReconcileAt: deletesFlow ? null : overAt };
}

/** `isOwed`: the record is to be written whatever is decided. */
function decide(snapshot: FlowSnapshot, flow: FlowView, base: FlowRecord, isOwed: boolean, now: number): Decision {
  const progress = startProgress(flow.spec, base);
  const knowledge: Knowledge = { facts: snapshot.facts ?? noFacts, reads: [] };
  const isSuspended = settleSuspension(progress, now);
  stopFromOutside(progress, now);
  const group = settleGroup(progress, flow, knowledge, now);
  const hold = isSuspended ? 'Suspended' : group.isWaiting ? 'Group' : null;
  const seen = endAttempts(progress, flow, snapshot, knowledge, now);
  // A Job that is made again gets a record first. What an older view saw of the first one is fenced
  // by that.
  if (seen.lost.length > 0) progress.changeFlow({});
  const final = progress.ordered.filter(({ name }) => progress.isFinal(name));
  const steps = progress.ordered.filter(({ name }) => !progress.isFinal(name));
  // What ends below, and is to be skipped, is so at once.
  takeUpSkips(progress, flow, steps, now);
  takeUpSkips(progress, flow, final, now);
  // A question that is rejected at once may have been asked for more than once.
  takeUpRetries(progress, flow, steps, now);
  const later: Knowledge = { ...knowledge, reads: [] };
  const circumstances = { flow, hold, knowledge, later, unread: seen.unread, now } as const;
  do settleSteps(progress, steps, circumstances);
  while (takeUpRetries(progress, flow, steps, now));
  do settleFinally(progress, final, circumstances);
  while (takeUpRetries(progress, flow, final, now));
  // A flow that had ended asks its group first.
  const isReopened = base.endedAt !== null && progress.record().endedAt === null && needsGroup(progress);
  const lost = lostStarts(progress, seen);
  const again = lost.slice(0, MAX_STARTS);
  // What runs by the record gets its Job before more does.
  const started = startReady(progress, isReopened ? 'Group' : hold, MAX_STARTS - again.length, now);
  const starts = [...again, ...started.starts];
  const hasTurns = later.reads.length > 0 && hold === null && roomOf(progress) > 0;
  const hasMore = started.hasMore || hasTurns || lost.length > again.length || knowledge.reads.length > 0;
  if (progress.ordered.every(({ name }) => hasEnded(progress.step(name))) && progress.record().endedAt === null) {
    progress.changeFlow({ endedAt: now });
  }
  // The record that a Job is judged by may be older than the Job. The write fails where it is.
  if (runsForNothing(snapshot, progress.record()).length > 0) progress.changeFlow({});
  const decided = progress.record();
  const record = isOwed || progress.isChanged() ? next(decided, snapshot) : null;
  if (record !== null && !fitsRecord(record)) return endTooLarge(snapshot, flow, base, now);
  return assemble({ snapshot, flow, progress, decided, record, seen, starts, hasMore, knowledge, group, now });
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
  readonly knowledge: Knowledge;
  readonly group: GroupDecision;
  readonly now: number;
}

function assemble(parts: Parts): Decision {
  const { snapshot, flow, progress, decided, record, seen, starts, hasMore, knowledge, group, now } = parts;
  const state = flowPhase(flow.spec, decided);
  const kept = expiredJobs(snapshot, decided, flow.spec, now);
  const missing = seen.missing.filter(({ step }) => progress.step(step).phase === 'Running');
  const overAt = expiresAt(flow.spec, decided.endedAt);
  // A write of this decision records them along.
  const uidsDueAt = record === null ? seen.uidsDueAt : null;
  return {
    ...nothing,
    kind: kindOf(state, record !== null || starts.length > 0),
    phase: state.phase,
    reason: state.reason,
    changes: progress.changes(),
    record,
    starts,
    deletes: [...runsForNothing(snapshot, decided), ...kept.expired],
    holds: holdsOf(snapshot, decided, flow.spec),
    reads: distinct(knowledge.reads),
    group,
    deletesFlow: overAt !== null && overAt <= now,
    needsRead: missing.some(({ readAt }) => readAt <= now),
    nextReconcileAt: nextReconcileAt(
      progress,
      { missing, jobsExpireAt: kept.nextAt, uidsDueAt, hasMore, groupAt: group.nextAt },
      now,
    ),
  };
}

/** Those that were lost run by the record. A step that was ended since needs no Job any more. */
function lostStarts(progress: Progress, { lost }: AttemptsSeen): readonly Start[] {
  return lost
    .map((name) => progress.step(name))
    .filter(({ phase }) => phase === 'Running')
    .map(({ name, attempt }) => ({ step: name, attempt }));
}

/** A step is settled more than once in one decision. */
function distinct(reads: readonly Read[]): readonly Read[] {
  return [...new Map(reads.map((read) => [JSON.stringify(read), read])).values()];
}

function kindOf({ phase }: FlowState, isChanged: boolean): Decision['kind'] {
  if (phase === 'Succeeded' || phase === 'Failed') return 'finished';
  return isChanged ? 'advanced' : 'kept';
}

type Common = Omit<Circumstances, 'isStopped'>;

/** A step that fails stops the flow, which skips what was settled before it in the same pass. */
function settleSteps(progress: Progress, steps: readonly Step[], circumstances: Common): void {
  const { now } = circumstances;
  stopByFailure(progress, now);
  for (;;) {
    const { stop } = progress.record();
    endRunning(progress, circumstances.flow, now, circumstances.unread);
    settlePending(progress, steps, { ...circumstances, isStopped: stop !== null });
    stopByFailure(progress, now);
    if (progress.record().stop === stop) return;
  }
}

/**
 * Starts once, when nothing of the steps is open (Z10). Its own deadline ends it, and begins when
 * it may start. What has not started waits for a step that a person retries meanwhile.
 */
function settleFinally(progress: Progress, steps: readonly Step[], circumstances: Common): void {
  const { now, hold } = circumstances;
  if (steps.length === 0 || hasOpenSteps(progress)) return;
  if (progress.record().finallyAt === null && hold === null) progress.changeFlow({ finallyAt: now });
  const deadline = finallyDeadlineAt(progress);
  const isOver = deadline !== null && deadline <= now;
  if (isOver) endFinal(progress, steps, circumstances);
  settlePending(progress, steps, { ...circumstances, isStopped: isOver });
}

function endFinal(progress: Progress, steps: readonly Step[], { flow, unread, now }: Common): void {
  for (const { name } of steps) {
    if (progress.step(name).phase !== 'Running' || unread.has(name)) continue;
    progress.change(name, { ...endEarly(flow, name, 'FinallyDeadlineExceeded'), endedAt: now });
  }
}

/** What it had decided before still fits, and that it starts nothing more. `finally` runs. */
function endTooLarge(snapshot: FlowSnapshot, flow: FlowView, base: FlowRecord, now: number): Decision {
  if (base.stop?.reason === 'RecordTooLarge') return refuse('RecordTooLarge', [tooLarge]);
  // Of steps that have ended they are read no more.
  const open = new Set(base.steps.filter((step) => !hasEnded(step)).map(({ name }) => name));
  const inputs = Object.fromEntries(Object.entries(base.inputs).filter(([name]) => open.has(name)));
  const stopped: FlowRecord = { ...base, inputs, stop: { reason: 'RecordTooLarge', at: now } };
  return decide(snapshot, flow, stopped, true, now);
}

/** Nothing of another owner is changed or deleted (Z13). */
function nameTaken(flow: FlowView): Problem {
  const path = `jobflowrecords/${recordName(flow)}`;
  return { severity: 'error', path, message: 'the name is taken by an object that this flow does not control' };
}

const tooLarge: Problem = {
  severity: 'error',
  path: 'spec',
  message: 'its steps, and what they gave, make the record larger than 512 KiB; hand larger data on in a claim',
};

function next(record: FlowRecord, { revisions }: FlowSnapshot): FlowRecord {
  return { ...record, rev: record.rev + 1, flowRevision: revisions.flows, jobsRevision: revisions.jobs };
}

function refuse(reason: FlowReason, problems: readonly Problem[]): Decision {
  const isInvalid = reason === 'ValidationFailed' || reason === 'DAGCycle' || reason === 'RecordTooLarge';
  return { ...nothing, kind: 'refused', phase: isInvalid ? 'Failed' : null, reason, problems };
}

function reasonOf(problems: readonly Problem[]): FlowReason {
  const errors = problems.filter(({ severity }) => severity === 'error');
  return errors.every(({ message }) => message.startsWith('dependencies go in a circle'))
    ? 'DAGCycle'
    : 'ValidationFailed';
}
