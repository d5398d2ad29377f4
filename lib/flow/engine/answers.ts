/**
 * Reads the answer to a question, and says whose answer counts.
 *
 * Does not guarantee that who is named has answered: the guard sees to that.
 */

import type { Approval, Step } from '../spec/flowSpec.ts';
import { annotation, requestPrefix } from '../state/names.ts';
import type { FlowView } from '../state/snapshot.ts';

export type Answer = 'approved' | 'rejected' | null;

type Annotated = Pick<FlowView, 'annotations'>;

/** An answer of a person who may not give it counts as none. */
export function answerOf(flow: Annotated, step: Step): Answer {
  const value = givenTo(flow, step);
  if ((value !== 'true' && value !== 'false') || objectionOf(flow, step) !== null) return null;
  return value === 'true' ? 'approved' : 'rejected';
}

/** Says why an answer that is there counts as none. Null where it counts, or there is none. */
export function explainIgnored(flow: Annotated, step: Step): string | null {
  const value = givenTo(flow, step);
  if (value === undefined) return null;
  if (value !== 'true' && value !== 'false') return `${JSON.stringify(value.slice(0, MAX_VALUE))} is no answer`;
  const objection = objectionOf(flow, step);
  const by = signatureOf(flow, step.name);
  return objection === null ? null : `the answer "${value}" by ${by} does not count: ${objection}`;
}

/** Who answered. For record, status and terminals. */
export function signatureOf(flow: Annotated, step: string): string {
  return printable(answeredBy(flow, step));
}

/**
 * Says why an answer of `by` would not count; null where it would. Groups of a user are known to
 * the API server alone, where the guard asks for them. Without a known initiator no person is known
 * to be another one.
 */
export function objectionTo(
  by: string,
  { users, groups, notInitiator }: Approval,
  { annotations }: Annotated,
): string | null {
  if (users.length > 0 && groups.length === 0 && !users.includes(by))
    return `${printable(by)} is not in approval.users`;
  if (!notInitiator) return null;
  const initiator = annotations[annotation.initiatedBy];
  const why = 'and approval.notInitiator asks for another person';
  if (initiator === undefined) return `who started the flow is not known, ${why}`;
  if (by === UNVERIFIED) return `who answered is not known, ${why}`;
  return by === initiator ? `${printable(by)} started the flow, ${why}` : null;
}

const UNVERIFIED = 'unverified';
/** A person may have written anything. */
const MAX_VALUE = 40;

/** Without the guard, whoever may change the flow may approve: then the name is not known. */
function answeredBy({ annotations }: Annotated, step: string): string {
  return (annotations[`${requestPrefix.approvedBy}/${step}`] ?? UNVERIFIED).slice(0, 253);
}

function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, '?');
}

function objectionOf(flow: Annotated, { name, approval }: Step): string | null {
  return objectionTo(answeredBy(flow, name), approval, flow);
}

function givenTo({ annotations }: Annotated, { name }: Step): string | undefined {
  return annotations[`${requestPrefix.approved}/${name}`];
}
