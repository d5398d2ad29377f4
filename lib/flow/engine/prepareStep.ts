/**
 * Prepares a step whose turn has come: its inputs, its items, and whether its result is known
 * already.
 *
 * Guarantees: inputs that come from outside are read once and recorded (Z12). What comes from other
 * steps follows from the record.
 */

import { allItemsOf, itemsOf } from '../data/items.ts';
import { lacksMemoTemplate, memoNameOf } from '../data/memo.ts';
import { fitOutputs, fitValues } from '../data/outputBounds.ts';
import { configMapName, templateValue } from '../data/ownConfigMap.ts';
import { valuesOf } from '../data/parameters.ts';
import { renderTemplate } from '../data/renderTemplate.ts';
import type { Step } from '../spec/flowSpec.ts';
import { configMapKey, type Facts, type Read } from '../state/facts.ts';
import type { StepReason } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { Progress } from './progress.ts';

export type Prepared =
  | 'ready'
  /** A fact is missing; `reads` says which. */
  | 'waits'
  | { readonly phase: 'Succeeded' | 'Failed' | 'Skipped'; readonly reason: StepReason };

/** What is known beside the record, and what else has to be. */
export interface Knowledge {
  readonly facts: Facts;
  /** Collects what is missing. */
  readonly reads: Read[];
}

const invalid = { phase: 'Failed', reason: 'InvalidInput' } as const;

export function prepareStep(
  progress: Progress,
  flow: FlowView,
  step: Step,
  { facts, reads }: Knowledge,
  now: number,
): Prepared {
  if (step.type === 'Manual' || isPlain(progress, step)) return 'ready';
  const missing = takeConfigMaps(progress, flow, step, facts);
  if (missing.length > 0) {
    reads.push(...missing);
    return 'waits';
  }
  const { spec } = progress;
  const record = progress.record();
  const values = valuesOf(spec, step, record);
  if (values === null) return invalid;
  const all = allItemsOf(flow, spec, record, step);
  if (all === null) return invalid;
  if (all?.length === 0) return { phase: 'Succeeded', reason: 'NoItems' };
  const items = itemsOf(flow, spec, record, step);
  if (items === null) return { phase: 'Failed', reason: 'WhenError' };
  if (items?.length === 0) return { phase: 'Skipped', reason: 'WhenFalse' };
  if (renderTemplate(flow.name, spec, step, values, null) === null) return invalid;
  if (step.memoize === null || lacksMemoTemplate(spec, step)) return 'ready';
  const name = memoNameOf(flow, spec, record, step);
  if (name === null) return invalid;
  const memo = facts.memos[name];
  if (memo === undefined) {
    reads.push({ kind: 'memo', name });
    return 'waits';
  }
  if (memo === null || isOver(memo.storedAt, step, now)) return 'ready';
  // A person may have written it.
  if (!fitOutputs(record, step.name, memo.outputs)) return 'ready';
  progress.changeFlow({ outputs: { ...record.outputs, [step.name]: memo.outputs } });
  return { phase: 'Succeeded', reason: 'Memoized' };
}

/** Whether a Job can be made of the step, by what the record says now. */
export function canRender(progress: Progress, flow: FlowView, step: Step): boolean {
  if (isPlain(progress, step)) return true;
  const { spec } = progress;
  const record = progress.record();
  const values = valuesOf(spec, step, record);
  if (values === null || itemsOf(flow, spec, record, step) === null) return false;
  return renderTemplate(flow.name, spec, step, values, null) !== null;
}

/** A thousand steps that become ready at once are looked at in one decision. */
function isPlain({ spec }: Progress, { inputs, forEach, memoize }: Step): boolean {
  const hasData = inputs.length > 0 || forEach !== null || memoize !== null;
  return !hasData && Object.keys(spec.parameters).length === 0;
}

function isOver(storedAt: number, { memoize }: Step, now: number): boolean {
  return memoize?.ttlMs !== null && memoize?.ttlMs !== undefined && storedAt + memoize.ttlMs <= now;
}

/** Records the inputs that a read has brought. Those that are still to be read are returned. */
function takeConfigMaps(progress: Progress, flow: FlowView, step: Step, { configMaps }: Facts): readonly Read[] {
  const wanted = step.inputs.filter(({ from }) => from.kind === 'configMap');
  if (wanted.length === 0 || Object.hasOwn(progress.record().inputs, step.name)) return [];
  const missing: Read[] = [];
  const taken: [string, string][] = [];
  for (const { name, from } of wanted) {
    if (from.kind !== 'configMap') continue;
    const read = { name: configMapName(flow.name, progress.spec, from.name), key: from.key };
    const seen = configMaps[configMapKey(read)];
    const value = seen === null ? templateValue(progress.spec, from.name, from.key) : seen;
    if (value === undefined) missing.push({ kind: 'configMap', ...read });
    else if (value !== null) taken.push([name, value]);
  }
  if (missing.length > 0) return missing;
  const inputs = { ...progress.record().inputs, [step.name]: Object.fromEntries(taken) };
  // They stand in the record. Without them the step has no input, and fails.
  if (fitValues(inputs)) progress.changeFlow({ inputs });
  return [];
}
