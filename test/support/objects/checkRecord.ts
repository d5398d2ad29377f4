/**
 * Checks one write of a record against what it replaced. Names as in
 * docs/decisions/flows.md#what-holds.
 */

import type { FlowSpec, Step } from '../../../lib/flow/spec/flowSpec.ts';
import { type FlowRecord, hasEnded, type StepRecord } from '../../../lib/flow/state/record.ts';
import type { JobView } from '../../../lib/flow/state/snapshot.ts';

function isSatisfied(record: FlowRecord, spec: FlowSpec, name: string): boolean {
  const step = record.steps.find((each) => each.name === name);
  if (step?.phase === 'Succeeded') return true;
  if (step?.phase === 'Skipped') return step.reason === 'WhenFalse' || step.reason === 'Bypassed';
  const tolerated = [...spec.steps, ...spec.finally].some((each) => each.name === name && each.continueOnFailure);
  return step?.phase === 'Failed' && tolerated;
}

const byName = (record: FlowRecord | null): ReadonlyMap<string, StepRecord> =>
  new Map((record?.steps ?? []).map((step) => [step.name, step]));

function isEvaluated({ phase, reason }: StepRecord): boolean {
  return phase !== 'Pending' || (reason !== null && reason !== 'Dependencies');
}

/** `expect` is too slow for what is checked a million times. */
export function must(holds: boolean, guarantee: string, detail: unknown): void {
  if (!holds) throw new Error(`${guarantee}: ${JSON.stringify(detail)}`);
}

/** Of one write of the record, against what it replaced. */
export function checkRecord(
  before: FlowRecord | null,
  after: FlowRecord,
  spec: FlowSpec,
  jobs: readonly JobView[],
): void {
  const all: readonly Step[] = [...spec.steps, ...spec.finally];
  const final = new Set(spec.finally.map(({ name }) => name));
  const previous = byName(before);
  must(after.rev === (before?.rev ?? 0) + 1, 'Z5', after);
  must(after.steps.filter(({ phase }) => phase === 'Running').length <= spec.parallelism, 'Z9', after);
  const isFinalOnly = after.steps.every((step) => final.has(step.name) || hasEnded(step));
  must(after.finallyAt === null || isFinalOnly, 'Z10', after);
  for (const step of after.steps) {
    const old = previous.get(step.name);
    const dependencies = all.find(({ name }) => name === step.name)?.dependencies ?? [];
    if (step.phase === 'Running' && (old?.phase !== 'Running' || old.attempt !== step.attempt)) {
      must(
        dependencies.every((name) => isSatisfied(after, spec, name)),
        'Z8',
        { step, after },
      );
      must(after.suspendedAt === null, 'Z11', { step, after });
      const mayStart = final.has(step.name) ? after.finallyAt !== null && isFinalOnly : after.stop === null;
      must(mayStart, 'Z10 Z11', { step, after });
    }
    if (old === undefined) continue;
    if (old.phase === 'Running' && step.phase === 'Pending')
      must(step.attempt === old.attempt + 1, 'Z7', { old, step });
    if (old.phase === 'Running' && (step.phase === 'Pending' || step.reason === 'JobDeleted')) {
      // Once its uid is recorded, another Job of the name is not the one that was started.
      const isAlive = ({ step: name, attempt, outcome, uid }: JobView) =>
        name === old.name && attempt === old.attempt && outcome === null && uid === (old.jobUid ?? uid);
      must(!jobs.some(isAlive), 'Z2', { old, step });
    }
    // One that was waited for, and never ran, is none.
    const isGivenUp = old.reason === 'Backoff' && step.phase === 'Failed' && step.attempt === old.attempt - 1;
    must(step.attempt >= old.attempt || isGivenUp, 'Z7', { old, step });
    const hasRun = old.startedAt !== null && hasEnded(old);
    if (hasRun && step.attempt === old.attempt) must(JSON.stringify(step) === JSON.stringify(old), 'Z7', { old, step });
    const isDecided = isEvaluated(old) && !hasEnded(old);
    must(!isDecided || (step.reason !== 'WhenFalse' && step.reason !== 'WhenError'), 'Z12', { old, step });
  }
}
