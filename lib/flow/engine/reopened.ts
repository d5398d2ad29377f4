/**
 * Says which steps wait for one that runs again although its dependents have ended: what they read
 * of it is about to change.
 *
 * Guarantees: pure. Nothing else lets a step be open behind which others have ended.
 */

import type { Step } from '../spec/flowSpec.ts';
import { ancestorsOf } from '../spec/order.ts';
import { hasEnded } from '../state/record.ts';
import type { Progress } from './progress.ts';

export interface Reopened {
  isBefore(step: Step): boolean;
}

/** Of `steps`, by what is open now. One that ends meanwhile is waited for no longer. */
export function findReopened(progress: Progress, steps: readonly Step[]): Reopened {
  const isOpen = (name: string) => !hasEnded(progress.step(name));
  const again = steps.filter(({ name }) => progress.step(name).attempt > 1 && isOpen(name));
  return {
    isBefore({ name }) {
      if (again.length === 0) return false;
      const { spec } = progress;
      const before = ancestorsOf(progress.isFinal(name) ? spec.finally : spec.steps, name);
      return again.some((each) => before.has(each.name) && isOpen(each.name));
    },
  };
}
