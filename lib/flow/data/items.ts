/**
 * Says which items a step runs for, each in a pod of its own.
 *
 * Guarantees: pure; a function of spec and record, within the bounds of a ConfigMap.
 */

import { MAX_COST } from '../../expression/costBound.ts';
import { parseItems, parseWhen } from '../spec/conditions.ts';
import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { limits } from '../spec/limits.ts';
import type { FlowRecord } from '../state/record.ts';
import { utf8Length } from '../state/utf8Length.ts';
import { conditionValues, type FlowName } from './conditionValues.ts';

/** Undefined where the step has no items; null where they cannot be computed, or are too many. */
export function itemsOf(
  flow: FlowName,
  spec: FlowSpec,
  record: FlowRecord,
  step: Step,
): readonly string[] | undefined | null {
  const items = allItemsOf(flow, spec, record, step);
  return items == null ? items : chooseItems(flow, spec, record, step, items);
}

/** Whether `when` decides about each item, and not about the step. */
export function choosesItems(spec: FlowSpec, step: Step): boolean {
  // Most steps have none, and need no parser.
  if (step.forEach === null || step.when?.includes('item') !== true) return false;
  const condition = parseWhen(spec, step, step.when);
  return condition.kind === 'expression' && condition.readsItem;
}

/** Before `when` has chosen among them. */
export function allItemsOf(
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

/**
 * All items together may cost four times what one condition may. Ten thousand items have room for
 * a comparison with a parameter each.
 */
const MAX_COST_OF_ITEMS = 4 * MAX_COST;

/** Those for which `when` holds; null where it cannot be evaluated for one, or takes too long. */
function chooseItems(
  flow: FlowName,
  spec: FlowSpec,
  record: FlowRecord,
  step: Step,
  items: readonly string[],
): readonly string[] | null {
  if (step.when === null || !choosesItems(spec, step)) return items;
  const condition = parseWhen(spec, step, step.when);
  if (condition.kind === 'problem' || costOfItems(condition.costOfItem, items) > MAX_COST_OF_ITEMS) return null;
  const values = conditionValues(flow, spec, record, condition.stepNames);
  const chosen: string[] = [];
  for (const item of items) {
    const outcome = condition.evaluate({ ...values, item });
    if (outcome.kind === 'error') return null;
    if (outcome.value) chosen.push(item);
  }
  return chosen;
}

/** Asked once for each power of two: the bound grows with the length. */
function costOfItems(costOf: (length: number) => number, items: readonly string[]): number {
  const known = new Map<number, number>();
  let sum = 0;
  for (const { length } of items) {
    const atMost = 2 ** Math.ceil(Math.log2(length + 1));
    const cost = known.get(atMost) ?? costOf(atMost);
    known.set(atMost, cost);
    sum += cost;
  }
  return sum;
}

export function fitItems(items: readonly string[]): boolean {
  if (items.length > limits.items) return false;
  return items.reduce((sum, item) => sum + utf8Length(item), 0) <= limits.itemBytes;
}
