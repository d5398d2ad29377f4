/** A record holds the hash of the spec of its flow. Another one would stop each flow that runs. */

import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { hashSpec } from '../../../lib/flow/state/hashSpec.ts';
import { aManualStep, aSpec, aStep, aTemplate } from '../../support/objects/aFlow.ts';

const steps: readonly JsonObject[] = [
  aStep('b', 'a', { retryPolicy: { limit: 2, when: 'exitCode == 3' }, timeoutSeconds: 60, when: "params.a == 'é\"'" }),
  aManualStep('ask', ['b'], { approval: { users: ['ann'], notInitiator: true } }),
  { name: 'a', templateRef: 'work', outputs: { parameters: [{ name: 'x', valueFrom: { jsonPath: '$.active' } }] } },
];
const spec = {
  steps,
  templates: [{ name: 'work', template: aTemplate }],
  parameters: { 'a-b': '1', a: '', '10': 'x', '9': 'y' },
};

test('the hash of a spec is the one that earlier versions wrote into records', () => {
  expect(hashSpec(aSpec({ steps: [aStep('only')] }))).toBe('yqmpd72i3q');
  expect(hashSpec(aSpec(spec))).toBe('fwaf13c6j0');
});

test('the order of steps and of keys does not change the hash of a spec', () => {
  const turned = steps.map((step) => Object.fromEntries(Object.entries(step).toReversed()));
  const parameters = Object.fromEntries(Object.entries(spec.parameters).toReversed());
  expect(hashSpec(aSpec({ ...spec, parameters, steps: turned.toReversed() }))).toBe(hashSpec(aSpec(spec)));
});
