/**
 * Makes the status of a flow that is refused: until a person has changed something, nothing of it
 * starts.
 *
 * Guarantees: null where the status says so already. One that has failed has every condition that
 * a failed flow has, and the instant from which its time to live counts.
 */

import type { Decision } from '../engine/advance.ts';
import type { JsonObject } from '../spec/flowSpec.ts';
import { flowPhase } from '../state/flowPhase.ts';
import type { FlowRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import { type ConditionNow, failedConditions, mergeConditions, saysSpecChanged, toTime } from './statusConditions.ts';
import { toStatus } from './toStatus.ts';

const SHOWN = 5;

/** `record`: what is known of the flow; null where it cannot be read. */
export function refusedStatus(
  flow: FlowView,
  { phase, reason, problems }: Decision,
  record: FlowRecord | null,
  now: number,
): JsonObject | null {
  const { status } = flow;
  if (reason === 'SpecChanged') return record === null ? null : changedStatus(flow, record, now);
  const isSaid = status?.reason === reason && status?.observedGeneration === flow.generation;
  if (isSaid || reason === null) return null;
  const message = problems
    .filter(({ severity }) => severity === 'error')
    .slice(0, SHOWN)
    .map((problem) => `${problem.path}: ${problem.message}`)
    .join('; ');
  const said = { observedGeneration: flow.generation, reason };
  if (phase !== 'Failed') {
    const ready: ConditionNow = { type: 'Ready', isTrue: false, reason, message };
    // A status without a phase counts as none.
    return { ...said, ...(status === null && { phase: 'Pending' }), conditions: withOthers(flow, [ready], now) };
  }
  const endedAt = status?.phase === 'Failed' ? status.endedAt : null;
  const conditions = mergeConditions(flow, failedConditions(reason, message), now);
  return { ...said, phase, completionTime: toTime(endedAt ?? now), conditions };
}

/** Its progress, and that it starts nothing more. */
function changedStatus(flow: FlowView, record: FlowRecord, now: number): JsonObject | null {
  const { status, generation } = flow;
  const isKnown = status !== null && status.observedGeneration === generation && status.recordRevision >= record.rev;
  if (isKnown && saysSpecChanged(flow)) return null;
  const view = toStatus(flow, record, flowPhase(flow.spec, record), now);
  const message =
    'steps, templates, resourceTemplates, finally and parameters are frozen once a flow has started; revert the change';
  const changed: ConditionNow = { type: 'SpecChanged', isTrue: true, reason: 'SpecChanged', message };
  const conditions = (view['conditions'] as readonly JsonObject[]).filter(({ type }) => type !== changed.type);
  return { ...view, conditions: [...conditions, ...mergeConditions(flow, [changed], now)] };
}

function withOthers(flow: FlowView, conditions: readonly ConditionNow[], now: number): readonly JsonObject[] {
  const named = new Set<string>(conditions.map(({ type }) => type));
  const others = (flow.status?.conditions ?? []).filter(({ type }) => !named.has(type));
  const kept = others.map(({ message, ...condition }) => ({ ...condition, ...(message !== '' && { message }) }));
  return [...kept, ...mergeConditions(flow, conditions, now)];
}
