/** Says whether the record has room for what a step gave. */

import { limits } from '../spec/limits.ts';
import type { FlowRecord, Values } from '../state/record.ts';
import { utf8Length } from '../state/utf8Length.ts';
import { isImplicit } from './wantedOutputs.ts';

/**
 * What the step declares is bounded by itself, as a kubelet bounds it. What other steps ask of its
 * Job counts for the flow alone.
 */
export function fitOutputs({ outputs }: Pick<FlowRecord, 'outputs'>, step: string, given: Values): boolean {
  const declared = Object.entries(given).filter(([name]) => !isImplicit(name));
  const own = declared.reduce((sum, [, value]) => sum + utf8Length(value), 0);
  return own <= limits.stepOutputs && fitValues({ ...outputs, [step]: given });
}

/** Of a whole flow, as the record holds it: a character may take six there. */
export function fitValues(byStep: Readonly<Record<string, Values>>): boolean {
  return utf8Length(JSON.stringify(byStep)) <= limits.flowOutputs;
}
