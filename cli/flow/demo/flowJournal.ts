/**
 * Keeps what is seen of one flow: its record as it changes, and each Job that is made.
 *
 * Guarantees: it shows only what the API server holds.
 */

import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import type { StepRecord } from '../../../lib/flow/state/record.ts';

export interface StepSeen extends StepRecord {
  /** Milliseconds since the journal began. */
  readonly at: number;
}

export interface FlowJournal {
  readonly seen: readonly StepSeen[];
  /** Of each Job that was made: `merge/2`. */
  readonly made: readonly string[];
  step(name: string): StepRecord | undefined;
  /** Milliseconds since the journal began. */
  now(): number;
  /** Rejects with DEMO_FAILED when it does not happen. */
  waitFor(what: string, holds: () => boolean): Promise<void>;
  close(): void;
}

/** Far above what a step takes even on a busy machine; the demo must fail rather than hang. */
const STEP_WITHIN_MS = 60_000;

export function startFlowJournal(
  { objects }: Pick<EmbeddedApiServer, 'objects'>,
  onStep: (step: StepSeen) => void,
): FlowJournal {
  const startedAt = performance.now();
  const now = () => performance.now() - startedAt;
  const steps = new Map<string, StepRecord>();
  const seen: StepSeen[] = [];
  const made: string[] = [];
  const waiting = new Set<() => void>();
  const stopRecords = objects.subscribe('jobflowrecords', ({ type, entry }) => {
    const { record } = parseRecordObject(entry.object);
    if (type === 'DELETED' || record === null || record === 'unreadable') return;
    for (const step of record.steps) {
      const before = steps.get(step.name);
      steps.set(step.name, step);
      if (before?.phase === step.phase && before.attempt === step.attempt) continue;
      const one = { ...step, at: now() };
      seen.push(one);
      if (step.phase !== 'Pending' || step.reason === 'Backoff') onStep(one);
    }
    for (const check of waiting) check();
  });
  const stopJobs = objects.subscribe('jobs', ({ type, entry }) => {
    if (type !== 'ADDED') return;
    const { step, attempt } = parseJob(entry.object);
    made.push(`${step}/${attempt}`);
  });
  return {
    seen,
    made,
    now,
    step: (name) => steps.get(name),
    waitFor(what, holds) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const check = (): void => {
        if (holds()) resolve();
      };
      const timer = setTimeout(
        () => reject(new ZenLeadError('DEMO_FAILED', `${what}: did not happen in time`, { retry: 'never' })),
        STEP_WITHIN_MS,
      );
      waiting.add(check);
      check();
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(check);
      });
    },
    close() {
      stopRecords();
      stopJobs();
    },
  };
}
