/**
 * Progress: the record of one flow while one decision changes it.
 *
 * Guarantees: an ended attempt is not changed by accident. `change` is the only way, and it lists
 * every change of phase. A step that gave nothing in the end has no outputs of an attempt before.
 */

import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { orderSteps } from '../spec/order.ts';
import type { FlowRecord, StepPhase, StepReason, StepRecord } from '../state/record.ts';

export interface StepChange {
  readonly step: string;
  readonly from: StepPhase;
  readonly to: StepPhase;
  readonly reason: StepReason | null;
  readonly attempt: number;
}

export interface Progress {
  readonly spec: FlowSpec;
  /** Sorted so that each step comes after what it depends on, those of `finally` last. */
  readonly ordered: readonly Step[];
  record(): FlowRecord;
  step(name: string): StepRecord;
  isFinal(name: string): boolean;
  change(name: string, fields: Partial<Omit<StepRecord, 'name'>>): void;
  /** For what is not worth a write of its own. */
  note(name: string, fields: Pick<StepRecord, 'jobUid'>): void;
  changeFlow(fields: Partial<Omit<FlowRecord, 'steps'>>): void;
  changes(): readonly StepChange[];
  isChanged(): boolean;
}

/** Steps do not change while a flow runs, and it is decided about many times. */
const orders = new WeakMap<FlowSpec, readonly Step[]>();

function orderOf(spec: FlowSpec): readonly Step[] {
  const known = orders.get(spec);
  if (known !== undefined) return known;
  const specs = new Map([...spec.steps, ...spec.finally].map((step) => [step.name, step]));
  const names = [...orderSteps(spec.steps).sorted, ...orderSteps(spec.finally).sorted];
  const ordered = names.flatMap((name) => specs.get(name) ?? []);
  orders.set(spec, ordered);
  return ordered;
}

export function startProgress(spec: FlowSpec, record: FlowRecord): Progress {
  const steps = new Map(record.steps.map((step) => [step.name, step]));
  const final = new Set(spec.finally.map(({ name }) => name));
  const changes: StepChange[] = [];
  let flow = record;
  let isChanged = false;
  /** Asked for many times between two changes. */
  let made: FlowRecord | null = null;
  const step = (name: string): StepRecord => {
    const found = steps.get(name);
    // The record has each step of the spec whose hash it has.
    if (found === undefined) throw new Error(`the record has no step "${name}"`);
    return found;
  };
  return {
    spec,
    ordered: orderOf(spec),
    record() {
      made ??= { ...flow, steps: [...steps.values()] };
      return made;
    },
    step,
    isFinal: (name) => final.has(name),
    change(name, fields) {
      const before = step(name);
      // Each step that waits is told so in each decision, which mostly changes nothing.
      if (saysSame(before, fields)) return;
      const after = { ...before, ...fields };
      isChanged = true;
      made = null;
      steps.set(name, after);
      if (before.phase === after.phase) return;
      if (hasNothing(after) && Object.hasOwn(flow.outputs, name))
        flow = { ...flow, outputs: without(flow.outputs, name) };
      changes.push({ step: name, from: before.phase, to: after.phase, reason: after.reason, attempt: after.attempt });
    },
    note(name, fields) {
      made = null;
      steps.set(name, { ...step(name), ...fields });
    },
    changeFlow(fields) {
      made = null;
      flow = { ...flow, ...fields };
      isChanged = true;
    },
    changes: () => changes,
    isChanged: () => isChanged,
  };
}

function hasNothing({ phase, reason }: StepRecord): boolean {
  return phase === 'Failed' || phase === 'Skipped' || reason === 'NoItems';
}

export function without<T>(byName: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(byName).filter(([key]) => key !== name));
}

function saysSame(before: StepRecord, fields: Partial<StepRecord>): boolean {
  for (const [key, value] of Object.entries(fields)) if (before[key as keyof StepRecord] !== value) return false;
  return true;
}
