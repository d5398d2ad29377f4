/**
 * Says what is wrong with a flow as a whole, and remembers it.
 *
 * A flow of 1,000 steps takes a good part of a second. Its first decisions ask for it again: of the
 * same object, where the record is made by one and filled by the next, and of an equal one, where
 * the state was read again meanwhile.
 *
 * Guarantees: the answer is that of `validate`, and depends on the spec alone. A few specs are
 * remembered, each as long as a spec may be.
 */

import type { FlowSpec, Problem } from './flowSpec.ts';
import { limits } from './limits.ts';
import { validate } from './validate.ts';

const ofObject = new WeakMap<FlowSpec, readonly Problem[]>();
/** By the whole text. A hash of it can be forged, and the fault of one flow would be hidden. */
const ofText = new Map<string, readonly Problem[]>();

/** Those that are read at about the same time. */
const KEPT = 4;
/** Below that, validating takes no longer than comparing. */
const FEW_STEPS = 50;
/** The read form has defaults, so that it is longer than the spec. */
const MAX_TEXT = 4 * limits.specBytes;

export function faultsOf(spec: FlowSpec): readonly Problem[] {
  const known = ofObject.get(spec) ?? faultsOfText(spec);
  ofObject.set(spec, known);
  return known;
}

function faultsOfText(spec: FlowSpec): readonly Problem[] {
  if (spec.steps.length < FEW_STEPS) return validate(spec);
  const text = JSON.stringify(spec);
  if (text.length > MAX_TEXT) return validate(spec);
  const found = ofText.get(text) ?? validate(spec);
  ofText.delete(text);
  ofText.set(text, found);
  const [oldest] = ofText.keys();
  if (ofText.size > KEPT && oldest !== undefined) ofText.delete(oldest);
  return found;
}
