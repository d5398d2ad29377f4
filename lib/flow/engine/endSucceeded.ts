/**
 * Ends an attempt that succeeded, with what it gave.
 *
 * Guarantees: the outputs of an attempt are in the record before a step that reads them is ready
 * (Z12). A step whose outputs cannot be read has failed.
 */

import { memoNameOf } from '../data/memo.ts';
import { fitOutputs } from '../data/outputBounds.ts';
import { isImplicit, wantedOutputs } from '../data/wantedOutputs.ts';
import type { Step } from '../spec/flowSpec.ts';
import { attemptKey } from '../state/facts.ts';
import type { FlowView, JobOutcome, JobView } from '../state/snapshot.ts';
import type { Knowledge } from './prepareStep.ts';
import type { Progress } from './progress.ts';

/**
 * An Indexed Job of which an item has failed never completes. Where items may fail, `FailedIndexes`
 * says that all have ended, and not more have failed than `maxFailedIndexes`.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
 */
export function isSuccess({ forEach }: Step, { kind, reason }: JobOutcome): boolean {
  return kind === 'Complete' || (reason === 'FailedIndexes' && (forEach?.maxFailed ?? null) !== null);
}

export function endSucceeded(
  progress: Progress,
  flow: FlowView,
  step: Step,
  job: JobView & { readonly outcome: JobOutcome; readonly exitCode: number },
  { facts, reads }: Knowledge,
): void {
  const wanted = wantedOutputs(progress.spec, step);
  const { attempt } = progress.step(step.name);
  const ended = { endedAt: job.outcome.at, exitCode: job.exitCode };
  // What is kept of an earlier result is replaced, and its version has to be known for that.
  const memo = step.memoize === null ? null : memoNameOf(flow, progress.spec, progress.record(), step);
  const isUnread = memo !== null && facts.memos[memo] === undefined;
  if (isUnread) reads.push({ kind: 'memo', name: memo });
  if (wanted.length > 0) {
    const given = facts.outputs[attemptKey(step.name, attempt)];
    if (given === undefined) {
      reads.push({ kind: 'outputs', step: step.name, attempt, job: job.name });
      return;
    }
    if (isUnread) return;
    const record = progress.record();
    const isLost = wanted.some((output) => !isImplicit(output.name) && !Object.hasOwn(given, output.name));
    if (isLost || !fitOutputs(record, step.name, given)) {
      progress.change(step.name, { ...ended, phase: 'Failed', reason: 'OutputsLost' });
      return;
    }
    progress.changeFlow({ outputs: { ...record.outputs, [step.name]: given } });
  }
  if (isUnread) return;
  progress.change(step.name, { ...ended, phase: 'Succeeded', reason: null });
}
