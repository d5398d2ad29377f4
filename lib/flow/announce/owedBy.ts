/**
 * owe: adds to the outbox of a record what its decision changes, so that the announcements are
 * written with the very record that they are about.
 *
 * Guarantees: pure. Each change of a step's phase gives one entry, in its order. An attempt that is
 * tried again has failed, although the record only says what comes next.
 */

import type { Decision } from '../engine/advance.ts';
import { failureOf } from '../engine/endAttempts.ts';
import type { StepChange } from '../engine/progress.ts';
import { flowPhase } from '../state/flowPhase.ts';
import { type FlowRecord, fitsRecord, type StepReason } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView } from '../state/snapshot.ts';
import { addOwed, emptyOutbox, leaveTold, type Owed } from './outbox.ts';

/** `told`: how many entries of the outbox have been told, as far as that is known. */
export function owe(
  { flow, record: view, jobs }: FlowSnapshot,
  decision: Decision,
  told: number,
  now: number,
): { readonly decision: Decision; readonly dropped: number } {
  const { record, changes } = decision;
  if (flow === null || record === null) return { decision, dropped: 0 };
  const before = view?.record === 'unreadable' ? null : (view?.record ?? null);
  const old = leaveTold(before?.outbox ?? emptyOutbox, told, record.rev - 1);
  const { start, end } = ofFlow(flow, before, record, now);
  const ofSteps = changes.flatMap((change) => ofStep(change, record, jobs, now));
  const { outbox, dropped } = addOwed(old, [...start, ...ofSteps, ...end]);
  if (fitsRecord({ ...record, outbox })) return { decision: { ...decision, record: { ...record, outbox } }, dropped };
  // A large flow goes on, and a sink that is away for long is told less.
  const count = outbox.entries.length;
  const none = { ...outbox, told: outbox.told + count, entries: [] };
  return { decision: { ...decision, record: { ...record, outbox: none } }, dropped: dropped + count };
}

function ofFlow(flow: FlowView, before: FlowRecord | null, record: FlowRecord, now: number) {
  const { rev } = record;
  const entry = (phase: Owed['phase'], at: number, reason: string | null = null): Owed => ({
    rev,
    step: null,
    attempt: rev,
    phase,
    reason,
    at,
    exitCode: null,
    by: null,
  });
  const after = flowPhase(flow.spec, record);
  const wasSuspended = before !== null && before.endedAt === null && before.suspendedAt !== null;
  const isSuspended = record.endedAt === null && record.suspendedAt !== null;
  const isReopened = before !== null && before.endedAt !== null && record.endedAt === null;
  const start: Owed[] = [];
  if (before === null) start.push(entry('started', record.startedAt));
  if (isReopened || (wasSuspended && !isSuspended)) start.push(entry('resumed', now));
  const end: Owed[] = [];
  if (isSuspended && !wasSuspended) end.push(entry('suspended', record.suspendedAt ?? now));
  if (record.endedAt !== null && (before === null || before.endedAt === null))
    end.push(entry(after.phase === 'Succeeded' ? 'succeeded' : 'failed', record.endedAt, after.reason));
  return { start, end };
}

function ofStep(change: StepChange, record: FlowRecord, jobs: readonly JobView[], now: number): readonly Owed[] {
  const { step, to, attempt, reason } = change;
  const row = record.steps.find(({ name }) => name === step);
  const entry = (phase: Owed['phase'], fields: Partial<Owed> = {}): readonly Owed[] => [
    { rev: record.rev, step, attempt, phase, reason, at: row?.endedAt ?? now, exitCode: null, by: null, ...fields },
  ];
  const exitCode = row?.exitCode ?? null;
  switch (to) {
    case 'Running':
      return entry('started', { at: row?.startedAt ?? now });
    case 'PendingApproval':
      return entry('waiting', { at: row?.startedAt ?? now });
    case 'Succeeded':
      return entry('succeeded', { by: row?.by ?? null });
    case 'Failed':
      // The failure of an attempt that was to be tried again has been told.
      if (change.from === 'Pending' && reason === 'JobFailed') return [];
      return entry('failed', { by: row?.by ?? null, exitCode });
    case 'Skipped':
      return entry('skipped');
    case 'Pending':
      return isRetried(change)
        ? entry('failed', { attempt: attempt - 1, reason: failureOfAttempt(change, jobs), exitCode })
        : [];
  }
}

/** Of an attempt that failed, where another one follows by itself. */
export function isRetried({ to, reason }: StepChange): boolean {
  return to === 'Pending' && reason === 'Backoff';
}

/** Why the attempt before that of the change failed. */
export function failureOfAttempt({ step, attempt }: StepChange, jobs: readonly JobView[]): StepReason {
  const job = jobs.find((each) => each.step === step && each.attempt === attempt - 1);
  return failureOf(job?.outcome?.reason ?? '');
}
