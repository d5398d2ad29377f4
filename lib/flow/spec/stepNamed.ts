/** Finds steps by name. A spec does not change, and it is asked about for each of its steps. */

import type { FlowSpec, Step } from './flowSpec.ts';

const byName = new WeakMap<FlowSpec, ReadonlyMap<string, Step>>();

/** Of `steps` and of `finally`. Of two of one name, which is a fault, the last one. */
export function stepNamed(spec: FlowSpec, name: string): Step | undefined {
  const known = byName.get(spec) ?? new Map([...spec.steps, ...spec.finally].map((step) => [step.name, step]));
  byName.set(spec, known);
  return known.get(name);
}
