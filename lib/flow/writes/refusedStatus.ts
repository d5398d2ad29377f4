/**
 * Makes the status of a flow that is refused: until a person has changed something, nothing of it
 * starts.
 *
 * Guarantees: null where the status says so already.
 */

import type { Decision } from '../engine/advance.ts';
import type { JsonObject } from '../spec/flowSpec.ts';
import type { FlowView } from '../state/snapshot.ts';
import { type ConditionNow, mergeConditions } from './statusConditions.ts';

const SHOWN = 5;

export function refusedStatus(flow: FlowView, { phase, reason, problems }: Decision, now: number): JsonObject | null {
  const { status } = flow;
  if (reason === 'SpecChanged') {
    const isSaid = status?.conditions.some(({ type, status: is }) => type === 'SpecChanged' && is === 'True') === true;
    if (isSaid || status === null) return null;
    const message =
      'steps, templates, resourceTemplates, finally and parameters are frozen once a flow has started; revert the change';
    return withConditions(flow, [{ type: 'SpecChanged', isTrue: true, reason, message }], now);
  }
  const isSaid = status?.reason === reason && status?.observedGeneration === flow.generation;
  if (isSaid || reason === null) return null;
  const errors = problems.filter(({ severity }) => severity === 'error');
  const message = errors
    .slice(0, SHOWN)
    .map((problem) => `${problem.path}: ${problem.message}`)
    .join('; ');
  const ready: ConditionNow = { type: 'Ready', isTrue: false, reason, message };
  const said = withConditions(flow, [{ type: 'Valid', isTrue: errors.length === 0, reason, message }, ready], now);
  return { ...said, ...(phase !== null && { phase }), reason };
}

function withConditions(flow: FlowView, conditions: readonly ConditionNow[], now: number): JsonObject {
  const named = new Set<string>(conditions.map(({ type }) => type));
  const others = (flow.status?.conditions ?? []).filter(({ type }) => !named.has(type));
  const kept = others.map(({ type, status, lastTransitionTime }) => ({ type, status, lastTransitionTime }));
  return { observedGeneration: flow.generation, conditions: [...kept, ...mergeConditions(flow, conditions, now)] };
}
