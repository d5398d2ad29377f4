/**
 * Parses an envelope of `io.zen-flow.jobflow.*` or `io.zen-flow.job.*`, and its data.
 *
 * Guarantees: throws INPUT_INVALID only for a type or a subject that cannot be read. Data that
 * cannot be read, or a snapshot of another flow than the subject's, is a hint, with the reason. So
 * a newer bridge can send to an older function.
 */

import { codeOf, inputError } from '../../errors.ts';
import { compileSchema } from '../../events/compileSchema.ts';
import type { Envelope, EnvelopeData } from '../../events/envelope.ts';
import { firstIssue } from '../../events/firstIssue.ts';
import { isForeignType } from '../../events/foreign.ts';
import type { FlowSnapshot } from '../state/snapshot.ts';
import { decompressSnapshot } from './compressSnapshot.ts';
import type { FlowEventData, FlowRef } from './flowEvent.ts';
import { flowEventDataZod } from './flowSchema.ts';
import { parseFlowSubject } from './flowSubject.ts';
import { type PackedSnapshot, unpackSnapshot } from './packSnapshot.ts';
import { parseForeignFlow } from './parseForeignFlow.ts';
import { parseScheduleSubject } from './scheduleEvent.ts';

export interface ParsedFlowEvent {
  readonly kind: 'flow';
  readonly id: string;
  /** No decision depends on it. */
  readonly type: string;
  readonly source: string;
  readonly flow: FlowRef;
  readonly subject: string;
  /** When the change was observed, epoch milliseconds. */
  readonly observedAt?: number;
  readonly traceparent?: string;
  readonly data: EnvelopeData;
}

/** An event of Knative's ApiServerSource. It says where to look, and nothing else. */
export interface ForeignFlowHint {
  readonly kind: 'foreign';
  readonly id: string;
  readonly source: string;
  /** Null for an object of another kind, which concerns no flow. */
  readonly object: {
    readonly kind: 'JobFlow' | 'JobFlowSchedule' | 'Job';
    readonly namespace: string;
    readonly name: string;
  } | null;
}

/** A schedule is always read, so that nothing else of such an event counts. */
export interface ScheduleHint {
  readonly kind: 'schedule';
  readonly source: string;
  readonly schedule: FlowRef;
}

export type IncomingFlowEvent =
  | ParsedFlowEvent
  | ScheduleHint
  | ForeignFlowHint
  /** One of our own replies that a Broker has brought back. */
  | { readonly kind: 'ours'; readonly type: string };

/** Bounded, because log lines and spans hold it. */
const TYPE = /^io\.zen-flow\.(?:jobflow|job)\.[a-z]{1,64}$/;
const SCHEDULE_TYPE = /^io\.zen-flow\.jobflowschedule\.[a-z]{1,64}$/;
const OURS = /^io\.zen-flow\.(?:flow|step|schedule)\./;

const parseData = compileSchema(flowEventDataZod);

export function parseFlowEvent(envelope: Envelope): IncomingFlowEvent {
  const { id, type, source, time, extensions, data } = envelope;
  if (OURS.test(type)) return { kind: 'ours', type };
  if (isForeignType(type)) return parseForeignFlow(envelope);
  const subject = envelope.subject ?? '';
  if (SCHEDULE_TYPE.test(type)) return { kind: 'schedule', source, schedule: parseScheduleSubject(subject) };
  if (!TYPE.test(type))
    throw inputError(
      'type',
      'is none of io.zen-flow.jobflow.*, io.zen-flow.job.*, io.zen-flow.jobflowschedule.* and dev.knative.apiserver.*',
    );
  const traceparent = extensions.get('traceparent');
  return {
    kind: 'flow',
    id,
    type,
    source,
    flow: parseFlowSubject(subject),
    subject,
    ...(time !== undefined && { observedAt: time }),
    ...(typeof traceparent === 'string' && { traceparent }),
    data,
  };
}

/** The reason where there is nothing to decide on. */
export type ReadFlowData =
  | { readonly kind: 'readable'; readonly value: FlowEventData }
  | { readonly kind: 'unreadable'; readonly problem: string; readonly carry?: string };

/** For a trusted sender: what others send is not even read. */
export function readFlowData({ data, flow }: ParsedFlowEvent): ReadFlowData {
  if (data.kind === 'unreadable') return unreadable(data.problem);
  if (data.kind !== 'json') return unreadable(data.kind === 'none' ? 'data: is missing' : 'data: is not JSON');
  const parsed = parseData(data.value);
  if (!parsed.success) {
    const { path, problem } = firstIssue('data', parsed.error);
    return unreadable(`${path}: ${problem}`);
  }
  const { snapshot: plain, compressed, ...rest } = parsed.data;
  const carry = rest.carry === undefined ? {} : { carry: rest.carry };
  let packed: PackedSnapshot | undefined = plain;
  try {
    if (compressed !== undefined) packed = decompressSnapshot(compressed, 'data.compressed');
  } catch (error) {
    return { ...unreadable(problemOf(error)), ...carry };
  }
  if (packed === undefined) return { kind: 'readable', value: rest };
  let snapshot: FlowSnapshot | null;
  try {
    snapshot = unpackSnapshot(packed);
  } catch (error) {
    return { ...unreadable(`data.snapshot.flow.object: ${problemOf(error)}`), ...carry };
  }
  if (snapshot === null) return { ...unreadable('data.snapshot.flow.object: has a fault in its spec'), ...carry };
  const named = snapshot.flow;
  if (named !== null && (named.namespace !== flow.namespace || named.name !== flow.name))
    return { ...unreadable('data.snapshot: is of another flow than the subject'), ...carry };
  return { kind: 'readable', value: { ...rest, snapshot } };
}

/** Throws what is no fault of the input. */
function problemOf(error: unknown): string {
  if (codeOf(error) !== 'INPUT_INVALID') throw error;
  return error instanceof Error ? error.message : '';
}

function unreadable(problem: string) {
  return { kind: 'unreadable', problem } as const;
}
