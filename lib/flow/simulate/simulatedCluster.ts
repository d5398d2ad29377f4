/**
 * A cluster of one flow, in memory: its record, its Jobs, and how each Job will end.
 *
 * Guarantees: the same writes at the same instants give the same state. Writes are fenced as the
 * API server fences them: by name, uid and resourceVersion.
 * Does not guarantee anything about pods: a Job runs for its time and then ends as planned.
 */

import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec, Json, JsonObject, Problem } from '../spec/flowSpec.ts';
import type { Facts, Read } from '../state/facts.ts';
import { hashSpec } from '../state/hashSpec.ts';
import { label } from '../state/names.ts';
import { type FlowRecord, parseRecord, type Values } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView } from '../state/snapshot.ts';
import type { FlowWrite } from '../writes/toWrites.ts';
import { simulatedFacts } from './simulatedFacts.ts';

export interface PlannedEnd {
  /** `timeout`: it runs until its activeDeadlineSeconds. */
  readonly kind: 'ok' | 'fail' | 'timeout';
  readonly exitCode: number;
  readonly durationMs: number;
  /** What it gives, by name; `simulated-NAME` where it does not say. */
  readonly outputs?: Values;
}

export interface SimulatedFlow {
  readonly namespace: string;
  readonly name: string;
  readonly spec: FlowSpec;
  readonly problems: readonly Problem[];
}

interface SimulatedJob {
  readonly view: Omit<JobView, 'outcome' | 'exitCode'>;
  readonly endsAt: number | null;
  /** From its start, or its release, to its end; null where it does not end. */
  readonly runMs: number | null;
  readonly end: { readonly kind: 'Complete' | 'Failed'; readonly reason: string; readonly exitCode: number };
}

export interface SimulatedCluster {
  /** With the outcomes of the Jobs that have ended by then. */
  snapshot(now: number, basis?: FlowSnapshot['basis']): FlowSnapshot;
  /** False where the API server would refuse: the state has to be read again. */
  apply(write: FlowWrite, now: number): boolean;
  /** What a decision has asked to read. Inputs that no plan gives are `simulated-KEY`. */
  factsFor(reads: readonly Read[]): Facts;
  annotate(annotations: Readonly<Record<string, string>>): void;
  changeSpec(spec: FlowSpec): void;
  /** As a person does. */
  deleteJob(name: string): void;
  record(): FlowRecord | null;
  /** What else was written: `configmaps/nightly-config`. */
  readonly made: ReadonlySet<string>;
  isDeleted(): boolean;
  /** When the next Job ends; null where none will. */
  nextEndAt(now: number): number | null;
}

export function startSimulatedCluster(
  { namespace, name, spec, problems }: SimulatedFlow,
  plan: (step: string, attempt: number) => PlannedEnd,
  now: number,
): SimulatedCluster {
  let revision = 1;
  let flow: FlowView | null = {
    namespace,
    name,
    uid: 'flow-uid',
    resourceVersion: '1',
    generation: 1,
    terminating: false,
    createdAt: now,
    annotations: {},
    spec,
    specHash: hashSpec(spec),
    problems,
    status: null,
  };
  let record: { readonly uid: string; readonly resourceVersion: string; readonly text: string } | null = null;
  const jobs = new Map<string, SimulatedJob>();
  const made = new Set<string>();
  const grow = () => {
    revision += 1;
    return String(revision);
  };
  const readRecord = (): FlowRecord | null => (record === null || record.text === '' ? null : parseRecord(record.text));

  const holdJob = (name: string, { spec }: JsonObject, at: number): boolean => {
    const job = jobs.get(name);
    if (job === undefined) return false;
    const isHeld = isObject(spec) && spec['suspend'] === true;
    const { suspended: _, held: __, ...view } = job.view;
    const resourceVersion = grow();
    if (isHeld)
      jobs.set(name, { ...job, view: { ...view, resourceVersion, suspended: true, held: 'suspend' }, endsAt: null });
    else
      jobs.set(name, {
        ...job,
        view: { ...view, resourceVersion },
        endsAt: job.runMs === null ? null : at + job.runMs,
      });
    return true;
  };
  const createJob = (object: JsonObject, at: number): boolean => {
    const job = toJob(object, `job-${grow()}`, plan, at);
    if (jobs.has(job.view.name)) return false;
    jobs.set(job.view.name, job);
    return true;
  };
  return {
    snapshot(at, basis = 'read') {
      const views = [...jobs.values()].map((job) => toView(job, at));
      const text = readRecord();
      const view = record === null ? null : { uid: record.uid, resourceVersion: record.resourceVersion, record: text };
      return {
        flow,
        record: view,
        jobs: views,
        basis,
        revisions: { flows: flow?.resourceVersion ?? '', jobs: String(revision) },
      };
    },
    apply(write, at) {
      if (write.kind === 'create' && write.resource === 'jobs') return createJob(write.object, at);
      if (write.kind === 'patch' && write.resource === 'jobs') return holdJob(write.name, write.patch, at);
      if (write.kind !== 'delete' && write.resource !== 'jobflowrecords') {
        made.add(
          `${write.resource}/${write.kind === 'create' ? String(objectAt(write.object, 'metadata')['name']) : write.name}`,
        );
        return true;
      }
      if (write.kind === 'create') {
        if (record !== null) return false;
        record = { uid: `record-${grow()}`, resourceVersion: String(revision), text: '' };
        return true;
      }
      if (write.kind === 'patch') {
        const { metadata, data } = write.patch;
        if (record === null || !isObject(metadata) || metadata['resourceVersion'] !== record.resourceVersion)
          return false;
        record = { ...record, resourceVersion: grow(), text: String(data) };
        return true;
      }
      if (write.resource === 'jobflows') flow = null;
      else if (jobs.get(write.name)?.view.uid !== write.preconditions.uid) return false;
      else jobs.delete(write.name);
      return true;
    },
    factsFor: (reads) => simulatedFacts(reads, plan),
    annotate(annotations) {
      if (flow !== null)
        flow = { ...flow, resourceVersion: grow(), annotations: { ...flow.annotations, ...annotations } };
    },
    changeSpec(changed) {
      if (flow !== null) flow = { ...flow, resourceVersion: grow(), spec: changed, specHash: hashSpec(changed) };
    },
    deleteJob(each) {
      grow();
      jobs.delete(each);
    },
    record: readRecord,
    made,
    isDeleted: () => flow === null,
    nextEndAt(at) {
      const later = [...jobs.values()].flatMap(({ endsAt }) => (endsAt === null || endsAt <= at ? [] : [endsAt]));
      return later.length === 0 ? null : Math.min(...later);
    },
  };
}

function toView({ view, endsAt, end }: SimulatedJob, now: number): JobView {
  if (endsAt === null || endsAt > now) return { ...view, outcome: null };
  return { ...view, outcome: { kind: end.kind, reason: end.reason, at: endsAt }, exitCode: end.exitCode };
}

function toJob(
  object: JsonObject,
  uid: string,
  plan: (step: string, attempt: number) => PlannedEnd,
  now: number,
): SimulatedJob {
  const metadata = objectAt(object, 'metadata');
  const labels = objectAt(metadata, 'labels');
  const step = String(labels[label.step]);
  const attempt = Number(labels[label.attempt]);
  const { kind, exitCode, durationMs } = plan(step, attempt);
  const seconds = objectAt(object, 'spec')['activeDeadlineSeconds'];
  const deadlineMs = typeof seconds === 'number' ? seconds * 1_000 : null;
  const isLate = kind === 'timeout' || (deadlineMs !== null && durationMs > deadlineMs);
  const view = {
    name: String(metadata['name']),
    uid,
    resourceVersion: uid,
    step,
    attempt,
    isOurs: true,
    terminating: false,
    ...(objectAt(object, 'spec')['suspend'] === true && { suspended: true, held: 'once' as const }),
  };
  const startsAt = 'suspended' in view ? null : now;
  const endAfter = (runMs: number | null) => ({
    runMs,
    endsAt: startsAt === null || runMs === null ? null : startsAt + runMs,
  });
  if (isLate) {
    const end = { kind: 'Failed', reason: 'DeadlineExceeded', exitCode: 143 } as const;
    return { view, ...endAfter(deadlineMs), end };
  }
  const end =
    kind === 'ok'
      ? ({ kind: 'Complete', reason: 'CompletionsReached', exitCode: 0 } as const)
      : ({ kind: 'Failed', reason: 'BackoffLimitExceeded', exitCode } as const);
  return { view, ...endAfter(durationMs), end };
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value: Json | undefined = object[key];
  return isObject(value) ? value : {};
}
