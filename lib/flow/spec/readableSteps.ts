/** Says which steps have ended whenever the turn of a step comes: their results it may read. */

import type { FlowSpec, Step } from './flowSpec.ts';
import { ancestorsOf, type Names } from './order.ts';

/** A step of `finally` may read every step of `steps`, though it may have no outputs then. */
export function readableSteps({ steps, finally: final }: FlowSpec, { name }: Step): Names {
  if (!namesOf(final).has(name)) return ancestorsOf(steps, name);
  const [main, before] = [namesOf(steps), ancestorsOf(final, name)];
  return { has: (other) => main.has(other) || before.has(other) };
}

const known = new WeakMap<readonly Step[], ReadonlySet<string>>();

function namesOf(steps: readonly Step[]): ReadonlySet<string> {
  const names = known.get(steps) ?? new Set(steps.map(({ name }) => name));
  known.set(steps, names);
  return names;
}
