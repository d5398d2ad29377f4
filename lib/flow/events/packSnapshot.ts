/**
 * Packs the snapshot of a flow for an event that leaves the process, and unpacks it there.
 *
 * A flow travels as the object that the user wrote, without the templates that this decision does
 * not need. A function reads it with the parser that also reads what the API server returns. The
 * record travels as its own text, and Jobs as they are. Some 60 bytes a step and one template for
 * each start leave room for hundreds of steps in 63 KiB.
 *
 * Guarantees: pure. What was unpacked decides as what was packed, or `lacksTemplate` says that the
 * state has to be read. Throws INPUT_INVALID for an object that is no JobFlow.
 */

import { inputError } from '../../errors.ts';
import { advance } from '../engine/advance.ts';
import type { Start } from '../engine/startReady.ts';
import { parseJobFlow, type ReadSpec } from '../objects/parseJobFlow.ts';
import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec, Json, JsonObject } from '../spec/flowSpec.ts';
import { readSpec } from '../spec/readSpec.ts';
import { type FlowRecord, parseRecord, serializeRecord } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView, RecordView } from '../state/snapshot.ts';

export interface PackedSnapshot extends Pick<FlowSnapshot, 'jobs' | 'revisions'> {
  readonly flow: PackedFlow | null;
  readonly record: PackedRecord | null;
}

export interface PackedFlow {
  /** A JobFlow. */
  readonly object: Readonly<Record<string, unknown>>;
  /** Of the whole spec. */
  readonly specHash: string;
  /** Templates were left out. */
  readonly isPartial: boolean;
}

export interface PackedRecord {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Empty until it is first written. */
  readonly data: string;
}

/** `now`: of the decision that the receiver is expected to make. */
export function packSnapshot(snapshot: FlowSnapshot, now: number): PackedSnapshot {
  const { flow, record, jobs, revisions } = snapshot;
  const decided = record?.record ?? null;
  return {
    revisions,
    flow: flow === null ? null : packFlow(flow, decided === null ? null : likelyStarts(snapshot, now)),
    record: record === null ? null : packRecord(record),
    jobs: flow === null || decided === null || decided === 'unreadable' ? jobs : openJobs(jobs, flow.spec, decided),
  };
}

/** What is read of a Job that has failed may lead to another attempt of its step at once. */
function likelyStarts(snapshot: FlowSnapshot, now: number): readonly Start[] {
  const { starts, reads } = advance(snapshot, now);
  const asked = new Set(reads.map((read) => (read.kind === 'exitCode' ? read.uid : null)));
  return [...starts, ...snapshot.jobs.filter(({ uid }) => asked.has(uid))];
}

/** `starts` null: a flow that has not started is validated whole. */
function packFlow({ source = {}, spec, specHash }: FlowView, starts: readonly Start[] | null): PackedFlow {
  const object = starts === null ? source : withoutTemplates(source, spec, starts);
  return { object, specHash, isPartial: starts !== null };
}

const UNREADABLE = 'unreadable';

function packRecord({ uid, resourceVersion, record }: RecordView): PackedRecord {
  const data = record === null ? '' : record === 'unreadable' ? UNREADABLE : serializeRecord(record);
  return { uid, resourceVersion, data };
}

/** Null where this process finds a fault in a flow that another one has started: read it. */
export function unpackSnapshot({ flow, record, ...rest }: PackedSnapshot): FlowSnapshot | null {
  const view = flow === null ? null : parseJobFlow(flow.object, readPartial(flow));
  if (flow?.isPartial === true && view?.problems.some(({ severity }) => severity === 'error') === true) return null;
  if (view !== null && record !== null && record.uid === '') throw inputError('record.uid', 'is empty');
  return {
    ...rest,
    flow: view,
    record:
      record === null
        ? null
        : {
            uid: record.uid,
            resourceVersion: record.resourceVersion,
            record: record.data === '' ? null : (parseRecord(record.data) ?? 'unreadable'),
          },
    basis: 'watch',
  };
}

/** A hash of what is left of the spec says nothing, so none is made. */
function readPartial({ object, specHash }: PackedFlow): ReadSpec {
  return { ...readSpec(object['spec']), specHash };
}

/** A Job would be made from nothing: the snapshot holds the templates of other starts. */
export function lacksTemplate(spec: FlowSpec | undefined, starts: readonly Start[]): boolean {
  if (spec === undefined || starts.length === 0) return false;
  const all = [...spec.steps, ...spec.finally];
  return starts.some(({ step: name }) => {
    const step = all.find((each) => each.name === name);
    return step?.template === null && !spec.templates.some((each) => each.name === step.templateRef);
  });
}

function withoutTemplates(source: JsonObject, spec: FlowSpec, starts: readonly Start[]): JsonObject {
  const object = source['spec'];
  if (!isObject(object)) return source;
  const started = new Set(starts.map(({ step }) => step));
  const shared = new Set(
    [...spec.steps, ...spec.finally].filter(({ name }) => started.has(name)).map(({ templateRef }) => templateRef),
  );
  const named = (each: Json): string => (isObject(each) ? String(each['name']) : '');
  const strip = (step: Json): Json => {
    if (!isObject(step) || started.has(named(step))) return step;
    const { template: _, ...rest } = step;
    return rest;
  };
  return {
    ...source,
    spec: {
      ...object,
      ...eachOf(object, 'steps', (steps) => steps.map(strip)),
      ...eachOf(object, 'finally', (steps) => steps.map(strip)),
      ...eachOf(object, 'templates', (templates) => templates.filter((each) => shared.has(named(each)))),
    },
  };
}

function eachOf(object: JsonObject, key: string, change: (list: readonly Json[]) => readonly Json[]): JsonObject {
  const list = object[key];
  return Array.isArray(list) ? { [key]: change(list) } : {};
}

/**
 * Leaves out what has ended and is recorded, unless it is to be deleted some time. A chain of 300
 * steps has 300 such Jobs at its end.
 */
function openJobs(jobs: readonly JobView[], { policy }: FlowSpec, { steps }: FlowRecord): readonly JobView[] {
  if (policy.retainJobs !== 'All') return jobs;
  const running = new Set(
    steps.filter(({ phase }) => phase === 'Running').map(({ name, attempt }) => `${name}/${attempt}`),
  );
  return jobs.filter(({ outcome, step, attempt }) => outcome === null || running.has(`${step}/${attempt}`));
}
