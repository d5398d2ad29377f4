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
const kinds = [
  'plain',
  'plain',
  'retried',
  'tolerated',
  'manual',
  'conditional',
  'once',
  'each',
  'gives',
  'takes',
  'kept',
] as const;

/** Of the status of its Job, which the Job controller writes. */
const status = { valueFrom: { jsonPath: '$.status.succeeded' } };

const fields = {
  plain: {},
  retried: { retryPolicy: { limit: 2, backoff: { duration: '2s' } } },
  tolerated: { continueOnFailure: true },
  conditional: {},
  once: { once: true },
  each: { forEach: { items: ['x', 'y'] } },
  gives: { outputs: { parameters: [{ name: 'count', ...status }] } },
  takes: {},
  kept: { memoize: { key: "'always'" } },
} as const;

export function drawFlow(random: Random): RandomFlow {
  const names = Array.from({ length: 1 + random.below(MAX_STEPS) }, (_, index) => `s${index}`);
  const manual = new Set<string>();
  const outcomes: Record<string, readonly string[]> = {};
  const steps = names.map((name, index): JsonObject => {
    const needs = names.slice(0, index).filter(() => random.chance(0.5));
    outcomes[name] = Array.from({ length: 3 }, () => random.pick(['ok', 'ok', 'ok', 'fail']));
    const [first] = needs;
    const when = first === undefined ? 'true' : `steps['${first}'].phase == 'Succeeded'`;
    const kind = random.pick(kinds);
    const from = `${first}:$.status.succeeded`;
    const input = { name: 'count', value: '0', valueFrom: { jsonPath: from } };
    const takes = kind === 'takes' && first !== undefined && !manual.has(first);
    if (kind === 'manual') manual.add(name);
    return kind === 'manual'
      ? aManualStep(name, needs)
      : aStep(name, needs, {
          ...fields[kind],
          ...(kind === 'conditional' && { when }),
          ...(takes && { inputs: { parameters: [input] } }),
        });
  });
  const final = random.chance(0.3) ? { finally: [aStep('z')] } : {};
  const group = { concurrencyKey: 'one', concurrencyPolicy: random.pick(['Forbid', 'Forbid', 'Replace']) };
  const executionPolicy = {
    onFailure: random.pick(['Drain', 'Cancel']),
    backoffLimit: random.pick([1, 6]),
    ...(random.chance(0.4) && group),
  };
  const suspendJobs = random.chance(0.3);
  const parallelism = 1 + random.below(3);
  return { spec: { steps, ...final, parallelism, suspendJobs, executionPolicy }, steps: names, outcomes };
}
