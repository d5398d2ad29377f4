/**
 * Parses one line of a recording of flows.
 *
 * Guarantees: INPUT_INVALID (or another INPUT_ code) names the path in the line. What the decision
 * did not depend on does not have to be readable.
 */

import { inputError, ZenLeadError } from '../errors.ts';
import { firstIssue } from '../events/firstIssue.ts';
import type { FlowChange, FlowRef } from '../flow/events/flowEvent.ts';
import { packedSnapshotZod } from '../flow/events/flowSchema.ts';
import { type PackedSnapshot, unpackSnapshot } from '../flow/events/packSnapshot.ts';
import { parseFlowEvent, readFlowData } from '../flow/events/parseFlowEvent.ts';
import { type ParsedFlowReply, parseFlowReply } from '../flow/events/parseFlowReply.ts';
import type { FlowSnapshot } from '../flow/state/snapshot.ts';
import { readLineFields, timeOf, toEnvelope, within } from './lineFields.ts';

export type RecordedFlowLine = RecordedPass | { readonly kind: 'other'; readonly type: string };

/** One pass over one flow. */
export interface RecordedPass {
  readonly kind: 'pass';
  readonly flow: FlowRef;
  readonly type: string;
  readonly change: FlowChange | null;
  /** The instant to decide for: that of the decision, else of the sending, else of the change. */
  readonly at: number;
  readonly status: number | null;
  /** What was decided on. Null where neither event nor reply holds it. */
  readonly snapshot: FlowSnapshot | null;
  readonly recorded: ParsedFlowReply['data'] | null;
}

/** `text` without its line end. */
export function parseFlowLine(text: string): RecordedFlowLine {
  const { event, reply, status, sentAt } = readLineFields(text);
  const answer = reply === null ? null : within('reply', () => parseFlowReply(toEnvelope(reply)));
  return within('event', () => {
    const parsed = parseFlowEvent(toEnvelope(event));
    if (parsed.kind !== 'flow') return { kind: 'other', type: String(event['type']).slice(0, 128) };
    const { flow, type, observedAt } = parsed;
    const at = answer === null ? (sentAt ?? observedAt) : timeOf(answer);
    if (at === undefined) throw inputError('time', 'is missing, and so is all else that says when it was decided');
    const data = readFlowData(parsed);
    const isRead = answer?.data.basis === 'read';
    if (!isRead && data.kind === 'unreadable')
      throw new ZenLeadError('INPUT_INVALID', data.problem, { retry: 'never' });
    const sent = data.kind === 'readable' ? data.value : null;
    const snapshot = isRead ? readSnapshot(answer, flow) : (sent?.snapshot ?? null);
    const facts = answer?.data.facts;
    return {
      kind: 'pass',
      flow,
      type,
      change: sent?.change ?? null,
      at,
      status,
      snapshot: snapshot === null || facts === undefined ? snapshot : { ...snapshot, facts },
      recorded: answer?.data ?? null,
    };
  });
}

/** State that was read is complete: a Job that is not in it is gone. */
function readSnapshot({ data }: ParsedFlowReply, { namespace, name }: FlowRef): FlowSnapshot | null {
  if (data.snapshot === undefined) return null;
  const parsed = packedSnapshotZod.safeParse(data.snapshot);
  if (!parsed.success) {
    const { path, problem } = firstIssue('reply.data.snapshot', parsed.error);
    throw inputError(path, problem);
  }
  const snapshot = unpackSnapshot(parsed.data as PackedSnapshot);
  const found = snapshot?.flow ?? null;
  if (found !== null && (found.namespace !== namespace || found.name !== name))
    throw inputError('reply.data.snapshot', 'is of another flow than the subject');
  return snapshot === null ? null : { ...snapshot, basis: 'read' };
}
