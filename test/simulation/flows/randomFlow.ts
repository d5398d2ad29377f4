/** Draws a flow, and how each of its Jobs ends. */

import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { aManualStep, aStep, type Outcomes } from '../../support/objects/aFlow.ts';
import type { Random } from '../random.ts';

export interface RandomFlow {
  readonly spec: JsonObject;
  readonly steps: readonly string[];
  readonly outcomes: Outcomes;
}

const MAX_STEPS = 6;
const kinds = ['plain', 'plain', 'plain', 'retried', 'tolerated', 'manual', 'conditional'] as const;

const fields = {
  plain: {},
  retried: { retryPolicy: { limit: 2, backoff: { duration: '2s' } } },
  tolerated: { continueOnFailure: true },
  conditional: {},
} as const;

export function drawFlow(random: Random): RandomFlow {
  const names = Array.from({ length: 1 + random.below(MAX_STEPS) }, (_, index) => `s${index}`);
  const outcomes: Record<string, readonly string[]> = {};
  const steps = names.map((name, index): JsonObject => {
    const needs = names.slice(0, index).filter(() => random.chance(0.5));
    outcomes[name] = Array.from({ length: 3 }, () => random.pick(['ok', 'ok', 'ok', 'fail']));
    const [first] = needs;
    const when = first === undefined ? 'true' : `steps['${first}'].phase == 'Succeeded'`;
    const kind = random.pick(kinds);
    return kind === 'manual'
      ? aManualStep(name, needs)
      : aStep(name, needs, { ...fields[kind], ...(kind === 'conditional' && { when }) });
  });
  const final = random.chance(0.3) ? { finally: [aStep('z')] } : {};
  const executionPolicy = { onFailure: random.pick(['Drain', 'Cancel']), backoffLimit: random.pick([1, 6]) };
  return { spec: { steps, ...final, parallelism: 1 + random.below(3), executionPolicy }, steps: names, outcomes };
}
