/**
 * FlowRecord: what has been decided about a flow. It is the fence, and the truth about the past.
 *
 * It is kept as one JSON string in an object of its own (docs/decisions/flows.md#the-record).
 * All instants are epoch milliseconds.
 */

import { type Outbox, parseOutbox, serializeOutbox, type WrittenOutbox } from '../announce/outbox.ts';
import type { FlowSpec } from '../spec/flowSpec.ts';
import { limits } from '../spec/limits.ts';
import { isInstant, isSpan } from './instant.ts';
import { utf8Length } from './utf8Length.ts';

export const stepPhases = ['Pending', 'PendingApproval', 'Running', 'Succeeded', 'Failed', 'Skipped'] as const;
export type StepPhase = (typeof stepPhases)[number];

/** A closed list, shared by record, replies, log and metrics. */
export type StepReason =
  // Pending
  | 'Dependencies'
  | 'Parallelism'
  | 'Backoff'
  | 'Suspended'
  | 'Group'
  // Running, in the status alone
  | 'Quota'
  // Skipped
  | 'WhenFalse'
  | 'UpstreamFailed'
  | 'Stopped'
  | 'Bypassed'
  // Succeeded
  | 'Approved'
  | 'Memoized'
  | 'NoItems'
  // Failed
  | 'InvalidInput'
  | 'OutputsLost'
  | 'InvalidTemplate'
  | 'JobFailed'
  | 'JobDeleted'
  | 'Timeout'
  | 'PodFailurePolicy'
  | 'WhenError'
  | 'Rejected'
  | 'ApprovalTimeout'
  | 'Terminated'
  | 'Cancelled'
  | 'ActiveDeadlineExceeded'
  | 'FinallyDeadlineExceeded';

/** Why nothing more starts. The first one stays. */
export type StopReason =
  | 'Stopped'
  | 'Terminated'
  | 'ActiveDeadlineExceeded'
  | 'BackoffLimitExceeded'
  | 'Rejected'
  | 'StepFailed'
  | 'RecordTooLarge';

/** Texts by name. */
export type Values = Readonly<Record<string, string>>;

export interface StepRecord {
  readonly name: string;
  readonly phase: StepPhase;
  readonly reason: StepReason | null;
  /** Counts from 1: the attempt that runs, ran last, or is next. */
  readonly attempt: number;
  /** Of this attempt's Job, once it was seen. */
  readonly jobUid: string | null;
  /** When this attempt, or the wait for an approval, began. */
  readonly startedAt: number | null;
  /** When the last attempt ended, or the step was skipped. */
  readonly endedAt: number | null;
  /** Of the last attempt that ended, where it was asked for. */
  readonly exitCode: number | null;
  /** Who approved or rejected, as the flow says. */
  readonly by: string | null;
}

export interface FlowRecord {
  readonly v: 1;
  /** Grows by one with every write. */
  readonly rev: number;
  /** What the views had seen when this was decided: of the flow, and of the Jobs. */
  readonly flowRevision: string;
  readonly jobsRevision: string;
  readonly specHash: string;
  readonly startedAt: number;
  /** Time that does not count against the deadline, up to the last resume. */
  readonly pausedMs: number;
  readonly suspendedAt: number | null;
  /** Automatic retries of all steps together. */
  readonly retries: number;
  readonly stop: { readonly reason: StopReason; readonly at: number } | null;
  readonly finallyAt: number | null;
  readonly endedAt: number | null;
  /** Sorted by name, no duplicates: `steps` and `finally` together. */
  readonly steps: readonly StepRecord[];
  /** What ended steps gave, and what was read for steps that start, by step (Z12). */
  readonly outputs: Readonly<Record<string, Values>>;
  readonly inputs: Readonly<Record<string, Values>>;
  /** Since when the flow may run, of those of its group. */
  readonly groupAt: number | null;
  /** How long the last flow of the group took that succeeded; absent where that is not known. */
  readonly expectedMs?: number;
  /** What others are yet to be told; absent where it was never asked for. */
  readonly outbox?: Outbox;
}

export function newRecord(spec: FlowSpec, specHash: string, now: number): FlowRecord {
  const names = [...spec.steps, ...spec.finally].map(({ name }) => name).sort();
  return {
    v: 1,
    rev: 0,
    flowRevision: '',
    jobsRevision: '',
    specHash,
    startedAt: now,
    pausedMs: 0,
    suspendedAt: null,
    retries: 0,
    stop: null,
    finallyAt: null,
    endedAt: null,
    steps: names.map(newStep),
    outputs: {},
    inputs: {},
    groupAt: null,
  };
}

function newStep(name: string): StepRecord {
  return {
    name,
    phase: 'Pending',
    reason: null,
    attempt: 1,
    jobUid: null,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    by: null,
  };
}

/** None where it gave nothing. A step may have a name that each object has, as `constructor`. */
export function outputsOf({ outputs }: Pick<FlowRecord, 'outputs'>, step: string): Values {
  return (Object.hasOwn(outputs, step) ? outputs[step] : undefined) ?? {};
}

export function hasEnded({ phase }: Pick<StepRecord, 'phase'>): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped';
}

/** It succeeded, or was skipped on purpose. */
export function letsGoOn({ phase, reason }: { readonly phase: StepPhase; readonly reason: string | null }): boolean {
  return phase === 'Succeeded' || (phase === 'Skipped' && (reason === 'WhenFalse' || reason === 'Bypassed'));
}

/** Steps as lists: their field names would be two thirds of the text. */
export function serializeRecord({ steps, outputs, inputs, groupAt, outbox, ...record }: FlowRecord): string {
  const rows = steps.map((step) => {
    const { name, phase, attempt, jobUid, startedAt, endedAt, exitCode, reason, by } = step;
    const row = [name, phase, attempt, jobUid, startedAt, endedAt, exitCode, reason, by];
    while (row.at(-1) === null) row.pop();
    return row;
  });
  return JSON.stringify({
    ...record,
    ...(groupAt !== null && { groupAt }),
    ...(outbox !== undefined && serializeOutbox(outbox)),
    ...(Object.keys(outputs).length > 0 && { outputs }),
    ...(Object.keys(inputs).length > 0 && { inputs }),
    steps: rows,
  });
}

/** So few steps that gave nothing, and of which little is to be told, come nowhere near. */
const SMALL = 100;

/** Whether it may be written: at most 512 KiB of UTF-8. */
export function fitsRecord(record: FlowRecord): boolean {
  const { steps, outputs, inputs, outbox } = record;
  const isSmall = steps.length + (outbox?.entries.length ?? 0) <= SMALL;
  const gave = Object.keys(outputs).length + Object.keys(inputs).length;
  return (isSmall && gave === 0) || utf8Length(serializeRecord(record)) <= limits.record;
}

/**
 * Null for a text that is not a record of this version: then nothing is decided. A person with
 * rights on records could write one in which a time is a text.
 */
export function parseRecord(text: string): FlowRecord | null {
  try {
    const written = JSON.parse(text) as Omit<FlowRecord, 'steps'> & { readonly steps: readonly (readonly unknown[])[] };
    const {
      outbox: _,
      announcedRev: _rev,
      announced: _count,
      ...fields
    } = written as Omit<typeof written, 'outbox'> & WrittenOutbox;
    const outbox = parseOutbox(written as WrittenOutbox);
    if (outbox === null) return null;
    const record = { ...fields, ...laterFields(written), ...(outbox !== undefined && { outbox }) };
    if (record.v !== 1 || !Array.isArray(record.steps) || !isSound(record)) return null;
    const steps = record.steps.map(toStep);
    return steps.every(isSoundStep) ? { ...record, steps } : null;
  } catch {
    return null;
  }
}

/** A record that says nothing of them has none. */
function laterFields({ outputs, inputs, groupAt }: Partial<Pick<FlowRecord, 'outputs' | 'inputs' | 'groupAt'>>) {
  return { outputs: outputs ?? {}, inputs: inputs ?? {}, groupAt: groupAt ?? null };
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const orNull = (value: unknown, holds: (value: unknown) => boolean): boolean => value === null || holds(value);

function isSound(record: Omit<FlowRecord, 'steps'>): boolean {
  const { rev, retries, startedAt, pausedMs, suspendedAt, stop, finallyAt, endedAt } = record;
  return (
    isCount(rev) &&
    isCount(retries) &&
    isInstant(startedAt) &&
    isSpan(pausedMs) &&
    (record.expectedMs === undefined || isSpan(record.expectedMs)) &&
    [suspendedAt, finallyAt, endedAt, record.groupAt].every((value) => orNull(value, isInstant)) &&
    [record.outputs, record.inputs].every(areValues) &&
    [record.flowRevision, record.jobsRevision, record.specHash].every(isText) &&
    (stop === null || (isText(stop.reason) && isInstant(stop.at)))
  );
}

function areValues(byStep: unknown): boolean {
  const areTexts = (values: unknown) =>
    typeof values === 'object' && values !== null && Object.values(values).every(isText);
  return typeof byStep === 'object' && byStep !== null && Object.values(byStep).every(areTexts);
}

function isSoundStep({ name, phase, attempt, startedAt, endedAt, exitCode, ...step }: StepRecord): boolean {
  return (
    isText(name) &&
    stepPhases.includes(phase) &&
    isCount(attempt) &&
    orNull(startedAt, isInstant) &&
    orNull(endedAt, isInstant) &&
    orNull(exitCode, Number.isSafeInteger) &&
    orNull(step.jobUid, isText) &&
    orNull(step.reason, isText) &&
    orNull(step.by, isText)
  );
}

/** By index: a destructured list is walked by its iterator, and a record has up to 1,000 rows. */
function toStep(row: readonly unknown[]): StepRecord {
  const [name, phase, attempt] = [row[0] as string, row[1] as StepPhase, row[2] as number];
  const rest = (at: number) => (row[at] ?? null) as never | null;
  const [jobUid, startedAt, endedAt, exitCode, reason, by] = [rest(3), rest(4), rest(5), rest(6), rest(7), rest(8)];
  return { name, phase, attempt, jobUid, startedAt, endedAt, exitCode, reason, by };
}
