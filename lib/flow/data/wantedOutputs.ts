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
  const asked = new Map<string, OutputParameter>();
  for (const { inputs } of [...spec.steps, ...spec.finally]) {
    for (const { from } of inputs) {
      if (from.kind !== 'jobStatus' || from.step !== step.name) continue;
      const name = implicitName(from.path);
      asked.set(name, { name, from: { kind: 'jobStatus', path: from.path } });
    }
  }
  return [...step.outputs, ...asked.values()];
}

/** The others have an exit code at most. */
export function isOptional({ name }: OutputParameter): boolean {
  return name.startsWith('$');
}
