/**
 * Says which outputs of a step have to be read when its Job has ended: those that it declares, and
 * what other steps ask of its Job by `jsonPath: STEP:PATH`.
 */

import type { FlowSpec, OutputParameter, Step } from '../spec/flowSpec.ts';

/** No parameter has this name: it begins with no letter. */
export function implicitName(path: string): string {
  return `$${path}`;
}

export function wantedOutputs(spec: FlowSpec, step: Step): readonly OutputParameter[] {
  const asked = askedOf(spec).get(step.name);
  return asked === undefined ? step.outputs : [...step.outputs, ...asked.values()];
}

type Asked = ReadonlyMap<string, ReadonlyMap<string, OutputParameter>>;

/** By the step that is asked. 1,000 steps may have 32 inputs each, and many end at once. */
const known = new WeakMap<FlowSpec, Asked>();

function askedOf(spec: FlowSpec): Asked {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const asked = new Map<string, Map<string, OutputParameter>>();
  for (const { inputs } of [...spec.steps, ...spec.finally]) {
    for (const { from } of inputs) {
      if (from.kind !== 'jobStatus') continue;
      const name = implicitName(from.path);
      const ofStep = asked.get(from.step) ?? new Map<string, OutputParameter>();
      asked.set(from.step, ofStep.set(name, { name, from: { kind: 'jobStatus', path: from.path } }));
    }
  }
  known.set(spec, asked);
  return asked;
}

/** Of what other steps ask; the step itself may lack it. */
export function isImplicit(name: string): boolean {
  return name.startsWith('$');
}
