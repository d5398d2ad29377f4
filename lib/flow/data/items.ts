/**
 * Says which items a step runs for, each in a pod of its own.
 *
 * Guarantees: pure; a function of spec and record, within the bounds of a ConfigMap.
 */

import { parseItems } from '../spec/conditions.ts';
import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { limits } from '../spec/limits.ts';
import type { FlowRecord } from '../state/record.ts';
import { conditionValues, type FlowName } from './conditionValues.ts';

/** Undefined where the step has no items; null where they cannot be computed, or are too many. */
export function itemsOf(
  flow: FlowName,
  spec: FlowSpec,
  record: FlowRecord,
  step: Step,
): readonly string[] | undefined | null {
  if (step.forEach === null) return undefined;
  if (step.forEach.items !== null) return step.forEach.items;
  const expression = parseItems(spec, step, step.forEach.from ?? '');
  if (expression.kind === 'problem') return null;
  const outcome = expression.evaluate(conditionValues(flow, spec, record, expression.stepNames));
  return outcome.kind === 'value' && fitItems(outcome.value) ? outcome.value : null;
}

export function fitItems(items: readonly string[]): boolean {
  if (items.length > limits.items) return false;
  return items.reduce((sum, item) => sum + utf8Length(item), 0) <= limits.itemBytes;
}

/** Bytes, as etcd counts them. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7ff && (code < 0xd800 || code > 0xdfff)) length += 2;
    else if (code > 0x7f) length += 1;
  }
  return length;
}
