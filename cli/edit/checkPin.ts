/**
 * Asks the rules whether a pin would make its pod the leader.
 *
 * Guarantees: rejects with REFUSED and the cause: a pause, an annotation that cannot be read, or
 * the pod.
 */

import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { electionsOf } from '../../lib/selection/elections/electionsOf.ts';
import { explain } from '../../lib/selection/explain.ts';
import { annotation } from '../../lib/selection/names.ts';
import { unfitText } from '../explain/unfitText.ts';
import { type CurrentState, imagine, keyOf } from './currentState.ts';
import { editError } from './editError.ts';

/** Throws where no choice of a person counts, because the pods themselves say which one leads. */
export function checkChoosable({ source }: CurrentState, service: ServiceRef): void {
  if (source.annotations[annotation.roleCheck] === undefined) return;
  const problem = `the pod that says that it is the primary leads (${annotation.roleCheck}); move the primary in the application`;
  throw editError(service, problem);
}

/** Of a pool, a pin says which slot it is for. */
export function pinValue({ whole, service: { election = '', slot } }: CurrentState, podName: string): string {
  const slots = (electionsOf(whole)?.refs ?? []).filter((each) => each.election === election);
  return slots.length > 1 && slot !== undefined ? `${podName}@${slot}` : podName;
}

export function checkPin(state: CurrentState, service: ServiceRef, podName: string): void {
  const pinned = imagine(state, { [keyOf(state, annotation.pinLeader)]: pinValue(state, podName) });
  if (pinned.decision.leader?.name === podName) return;
  throw editError(service, `${podName} would not lead: ${whyNot(pinned, podName)}`);
}

function whyNot({ snapshot, decision }: CurrentState, podName: string): string {
  const { pods, annotations } = explain(snapshot, Date.now());
  const found = pods.find(({ pod }) => pod.name === podName);
  if (found === undefined) {
    const names = pods.map(({ pod }) => pod.name).join(', ');
    return `the Service selects no pod of that name; it selects ${names || 'none'}`;
  }
  const { standing } = found;
  if (standing.kind === 'unfit') return `it ${unfitText[standing.why]}`;
  if (standing.kind === 'waiting') {
    return `it has not been Ready for min-ready-duration; it will have been at ${formatRfc3339(standing.eligibleAt)}`;
  }
  if (standing.kind === 'unjudged') return 'its health check has no verdict on it yet';
  if (decision.reason === 'Paused') return 'the Service is paused; zen-lead resume ends that';
  const unreadable = annotations.find(({ expected }) => expected !== null);
  if (unreadable === undefined) return `the rules keep ${decision.leader?.name ?? 'no pod'} (${decision.reason})`;
  const { annotation: key, value, expected } = unreadable;
  return `${key} cannot be read (${JSON.stringify(value)}; it accepts ${expected}), and while that is so nothing moves`;
}
