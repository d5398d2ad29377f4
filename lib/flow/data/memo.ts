/**
 * Names the ConfigMap that keeps the result of a memoized step.
 *
 * Without a key of the user it is a hash of the rendered Job: what would run the same has the same
 * result. All flows of a namespace share it.
 *
 * Guarantees: pure; a function of spec and record. The key is hashed twice, so that two keys share
 * a name with a probability of 2^-82.
 */

import { parseKey } from '../spec/conditions.ts';
import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { hashName } from '../state/hash.ts';
import { memoName } from '../state/names.ts';
import type { FlowRecord } from '../state/record.ts';
import { conditionValues, type FlowName } from './conditionValues.ts';
import { itemsOf } from './items.ts';
import { valuesOf } from './parameters.ts';
import { renderTemplate, templateOf } from './renderTemplate.ts';
import { wantedOutputs } from './wantedOutputs.ts';

/** Its key is a hash of a template that this snapshot was sent without. */
export function lacksMemoTemplate(spec: FlowSpec, step: Step): boolean {
  return step.memoize !== null && step.memoize.key === null && templateOf(spec, step) === null;
}

/** Null where the key cannot be computed. */
export function memoNameOf(flow: FlowName, spec: FlowSpec, record: FlowRecord, step: Step): string | null {
  const key = step.memoize?.key ?? null;
  // A result that was kept without what another step asks of the Job would lack it.
  const outputs = wantedOutputs(spec, step)
    .map(({ name }) => name)
    .sort();
  const text = key === null ? renderedKey(flow, spec, record, step) : givenKey(flow, spec, record, step, key);
  if (text === null) return null;
  const parts = [key === null ? 'job' : 'key', text, ...outputs];
  return memoName(hashName(...parts) + hashName('second', ...parts));
}

function givenKey(flow: FlowName, spec: FlowSpec, record: FlowRecord, step: Step, key: string): string | null {
  const expression = parseKey(spec, step, key);
  if (expression.kind === 'problem') return null;
  const outcome = expression.evaluate(conditionValues(flow, spec, record, expression.stepNames));
  return outcome.kind === 'value' ? outcome.value : null;
}

function renderedKey(flow: FlowName, spec: FlowSpec, record: FlowRecord, step: Step): string | null {
  const values = valuesOf(spec, step, record);
  const job = values === null ? null : renderTemplate(flow.name, spec, step, values, null);
  return job === null ? null : JSON.stringify([job, itemsOf(flow, spec, record, step) ?? null]);
}
