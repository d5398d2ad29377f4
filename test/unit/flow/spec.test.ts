import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { ancestorsOf, orderSteps } from '../../../lib/flow/spec/order.ts';
import { parseSpan } from '../../../lib/flow/spec/parseSpan.ts';
import { readSpec } from '../../../lib/flow/spec/readSpec.ts';
import { validate } from '../../../lib/flow/spec/validate.ts';
import { aManualStep, aSpec, aStep, aTemplate } from '../../support/objects/aFlow.ts';

function faultsOf(fields: unknown): readonly string[] {
  const { spec, problems } = readSpec(fields);
  const found = problems.length > 0 ? problems : validate(spec);
  return found.map(({ severity, path, message }) => `${severity === 'warning' ? 'warning ' : ''}${path}: ${message}`);
}

const one = (fields: JsonObject) => ({ steps: [{ ...aStep('a'), ...fields }] });
const policy = (podFailurePolicy: JsonObject) => ({ ...one({}), executionPolicy: { podFailurePolicy } });
const template = (spec: JsonObject): JsonObject => ({ spec: { ...(aTemplate['spec'] as JsonObject), ...spec } });

describe('the spec of a flow', () => {
  it('has defaults', () => {
    expect(aSpec({ steps: [aStep('a')] })).toMatchObject({
      finally: [],
      parallelism: 64,
      suspend: false,
      shutdown: null,
      policy: {
        backoffLimit: 6,
        activeDeadlineMs: null,
        finallyDeadlineMs: 3_600_000,
        onFailure: 'Drain',
        retainJobs: 'All',
        ttlMs: 86_400_000,
      },
      steps: [
        { type: 'Job', retry: null, timeoutMs: null, continueOnFailure: false, approval: { onTimeout: 'Reject' } },
      ],
    });
    expect(aSpec(one({ retryPolicy: {} })).steps[0]?.retry).toEqual({
      limit: 3,
      type: 'Exponential',
      delayMs: 1_000,
      factor: 2,
      maxDelayMs: 300_000,
      when: null,
    });
  });

  it.each<[unknown, readonly string[]]>([
    [null, ['spec: must be an object, not nothing', 'spec.steps: must have at least 1']],
    [{ steps: {} }, ['spec.steps: must be a list, not {}', 'spec.steps: must have at least 1']],
    [{ steps: [aStep('a'), 3] }, ['spec.steps[1]: must be an object, not 3']],
    [one({ tmeplate: {} }), ['spec.steps[0].tmeplate: is not a field that zen-flow knows']],
    [one({ forEach: {} }), ['spec.steps[0].forEach: needs items or from, and not both']],
    [
      one({ artifacts: [] }),
      [
        'spec.steps[0].artifacts: is not supported: the Go zen-flow runs it on the controller. Do it in the step, or in an initContainer',
      ],
    ],
    [{ ...one({}), parallelism: 0 }, ['spec.parallelism: must be from 1 to 500, not 0']],
    [{ ...one({}), parallelism: 1.5 }, ['spec.parallelism: must be a whole number, not 1.5']],
    [{ ...one({}), shutdown: 'Now' }, ['spec.shutdown: must be one of Stop, Terminate, not "Now"']],
    [{ ...one({}), suspend: 'yes' }, ['spec.suspend: must be true or false, not "yes"']],
    [{ ...one({}), parameters: { a: 1 } }, ['spec.parameters.a: must be a text, not 1']],
    [{ ...one({}), parameters: { a: 'x'.repeat(4_097) } }, ['spec.parameters.a: has more than 4096 bytes']],
    [one({ dependencies: ['a', 1] }), ['spec.steps[0].dependencies[1]: must be a text, not 1']],
    [one({ message: 'm'.repeat(1_025) }), ['spec.steps[0].message: has 1025 characters; at most 1024 are allowed']],
    [
      one({ retryPolicy: { backoff: { duration: '5 minutes', factor: 0.5 } } }),
      [
        'spec.steps[0].retryPolicy.backoff.duration: must be a span of at most 68 years, as 30s or 5m, not "5 minutes"',
        'spec.steps[0].retryPolicy.backoff.factor: must be at least 1, not 0.5',
      ],
    ],
    [
      { steps: Array.from({ length: 1_001 }, (_, index) => aStep(`s${index}`)) },
      ['spec.steps: has 1001; at most 1000 are allowed'],
    ],
    [
      one({ retryPolicy: { backoff: { maxDuration: '999999999h999999999h' } } }),
      [
        'spec.steps[0].retryPolicy.backoff.maxDuration: must be a span of at most 68 years, as 30s or 5m, not "999999999h999999999h"',
      ],
    ],
    [
      one({ approval: { users: ['ann'] } }),
      ['spec.steps[0].approval: is for a Manual step alone: this one would run unasked. Put a Manual step before it'],
    ],
    [{ ...one({}), executionPolicy: { concurrencyKey: '' } }, ['spec.executionPolicy.concurrencyKey: is empty']],
    [
      one({
        inputs: { parameters: [{ name: 'x', value: 'y', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      }),
      [
        'spec.steps[0].inputs.parameters[0].value: cannot be what a secretKeyRef falls back to: zen-flow reads no Secrets',
      ],
    ],
    [
      policy({ rules: Array.from({ length: 21 }, () => ({ action: 'Count', onPodConditions: [{ type: 'X' }] })) }),
      ['spec.executionPolicy.podFailurePolicy.rules: has 21; at most 20 are allowed'],
    ],
    [
      policy({ rules: [{ action: 'Foo', onExitCodes: { operator: 'In', values: [1] } }, {}], bogus: 1 }),
      [
        'rules[0].action: must be one of FailJob, Ignore, Count, FailIndex, not "Foo"',
        'rules[1].action: is missing',
        'rules[1]: needs onExitCodes or onPodConditions, and not both',
        'bogus: is not a field that zen-flow knows',
      ].map((each) => `spec.executionPolicy.podFailurePolicy.${each}`),
    ],
    [
      policy({
        rules: [
          { action: 'FailJob', onExitCodes: { operator: 'In', values: [3, 3] }, onPodConditions: [{ type: 'X' }] },
          { action: 'Ignore', onExitCodes: { operator: 'In', values: [0, 'x'] } },
          { action: 'Ignore', onExitCodes: { values: [] } },
          { action: 'Count', onPodConditions: [{ status: 'Maybe', why: '' }], bogus: 1 },
        ],
      }),
      [
        '[0]: needs onExitCodes or onPodConditions, and not both',
        '[0].onExitCodes.values: must be in order, each one once',
        '[1].onExitCodes.values[1]: must be a whole number, not "x"',
        '[1].onExitCodes.values: has 0, which is no failure',
        '[2].onExitCodes.operator: is missing',
        '[2].onExitCodes.values: must have at least 1',
        '[3].onPodConditions[0].type: is missing',
        '[3].onPodConditions[0].status: must be one of True, False, Unknown, not "Maybe"',
        '[3].onPodConditions[0].why: is not a field that zen-flow knows',
        '[3].bogus: is not a field that zen-flow knows',
      ].map((each) => `spec.executionPolicy.podFailurePolicy.rules${each}`),
    ],
  ])('names each field that cannot be read: %j', (fields, expected) => {
    expect(faultsOf(fields)).toEqual(expected);
  });

  it.each<[unknown, readonly string[]]>([
    [
      { steps: [aStep('a'), aStep('a')] },
      ['a', 'a'].map((_, at) => `spec.steps[${at}].name: "a" is the name of another step, too`),
    ],
    [
      { steps: [aStep('a')], finally: [aStep('a')] },
      ['steps', 'finally'].map((list) => `spec.${list}[0].name: "a" is the name of another step, too`),
    ],
    [{ steps: [{ template: aTemplate }] }, ['spec.steps[0].name: is missing']],
    [
      { steps: [aStep('a.b')] },
      ['spec.steps[0].name: "a.b" must have 1 to 52 of a-z, 0-9 and -, with a letter or digit at both ends'],
    ],
    [{ steps: [aStep('a', 'x')] }, ['spec.steps[0].dependencies[0]: "x": there is no such step']],
    [{ steps: [aStep('a', '')] }, ['spec.steps[0].dependencies[0]: is empty']],
    [{ steps: [aStep('b'), aStep('a', ['b', 'b'])] }, ['spec.steps[1].dependencies[1]: "b" is named twice']],
    [
      { steps: [aStep('a')], finally: [aStep('b', 'a')] },
      ['spec.finally[0].dependencies[0]: "a": there is no such step in spec.finally, which follows all of spec.steps'],
    ],
    [
      { steps: [aStep('a', 'a')] },
      ['spec.steps[0].dependencies[0]: step "a" depends on itself', 'spec.steps: dependencies go in a circle: a -> a'],
    ],
    [
      { steps: [aStep('d', 'c'), aStep('c', 'b'), aStep('b', ['a', 'c']), aStep('a')] },
      ['spec.steps: dependencies go in a circle: b -> c -> b'],
    ],
    [{ steps: [{ name: 'a' }] }, ['spec.steps[0]: needs template or templateRef']],
    [one({ templateRef: 't' }), ['spec.steps[0]: has template and templateRef; one of them is allowed']],
    [
      { steps: [{ name: 'a', templateRef: 't' }] },
      ['spec.steps[0].templateRef: there is no template "t" in spec.templates'],
    ],
    [
      {
        templates: ['t', 't', 'Not A Label!'].map((name) => ({ name, template: aTemplate })),
        steps: [{ name: 'a', templateRef: 't' }],
      },
      [
        'spec.templates[0].name: "t" is the name of another template, too',
        'spec.templates[1].name: "t" is the name of another template, too',
        'spec.templates[2].name: "Not A Label!" must have 1 to 52 of a-z, 0-9 and -, with a letter or digit at both ends',
      ],
    ],
    [{ ...one({}), templates: [{ template: aTemplate }] }, ['spec.templates[0].name: is missing']],
    [
      one({ once: true, template: template({ suspend: true }) }),
      ['spec.steps[0].template.spec.suspend: cannot be true where a step has once, which releases its Job'],
    ],
    [
      {
        templates: [{ name: 't', template: template({ suspend: true }) }],
        steps: [{ name: 'a', templateRef: 't', once: true }],
      },
      ['spec.templates[0].template.spec.suspend: cannot be true where a step has once, which releases its Job'],
    ],
    [
      {
        parameters: { my_x: '1', same: '1' },
        ...one({
          inputs: {
            parameters: [
              { name: 'my-x', value: '2' },
              { name: 'same', value: '2' },
            ],
          },
        }),
      },
      ['spec.steps[0].inputs.parameters[0].name: "my-x" and spec.parameters.my_x are both PARAM_MY_X as a variable'],
    ],
    [
      {
        ...policy({ rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3] } }] }),
        steps: [aStep('each', [], { forEach: { items: ['x'] } }), aStep('whole')],
      },
      [
        'spec.executionPolicy.podFailurePolicy.rules[0].action: FailIndex is for steps with forEach, and step "whole" has none',
      ],
    ],
    [one({ message: 'hello' }), ['warning spec.steps[0].message: is read of a Manual step only']],
    [
      { steps: [aManualStep('a', [], { template: aTemplate, timeoutSeconds: 5 })] },
      [
        'spec.steps[0].template: is not for a Manual step, which runs no Job',
        'spec.steps[0].timeoutSeconds: is not for a Manual step, which runs no Job; approval.timeoutSeconds bounds the wait',
      ],
    ],
    [one({ template: {} }), ['spec.steps[0].template.spec: is missing']],
    [one({ template: { spec: {} } }), ['spec.steps[0].template.spec.template.spec: is missing']],
    [
      one({
        template: {
          kind: 'Pod',
          metadata: { name: 'x' },
          spec: { ttlSecondsAfterFinished: 0, template: { spec: {} } },
        },
      }),
      [
        'spec.steps[0].template: must be a Job of batch/v1',
        'warning spec.steps[0].template.metadata: its name is not used: zen-flow names each Job after flow, step and attempt',
        'spec.steps[0].template.spec.ttlSecondsAfterFinished: would delete the Job before its end is seen; use executionPolicy.retainJobs',
        'spec.steps[0].template.spec.template.spec.containers: is empty',
        'spec.steps[0].template.spec.template.spec.restartPolicy: must be Never or OnFailure, as of every Job',
      ],
    ],
    [
      { steps: [aStep('build'), aStep('b', 'build', { when: "steps.biuld.phase == 'Failed'" })] },
      ['spec.steps[1].when: column 1: there is no step "biuld"'],
    ],
    [
      { steps: [aStep('a'), aStep('b', [], { when: "steps.a.phase == 'Failed'" })] },
      ['spec.steps[1].when: column 1: step "a" may not have ended by then; name it in dependencies'],
    ],
    [
      one({ retryPolicy: { when: 'exitCode' } }),
      ['spec.steps[0].retryPolicy.when: column 1: gives int, not true or false'],
    ],
    [
      one({ when: '1 == 1 == ' }),
      [expect.stringMatching(/^spec\.steps\[0\]\.when: column \d+: /) as unknown as string],
    ],
  ])('names what does not fit together: %j', (fields, expected) => {
    expect(faultsOf(fields)).toEqual(expected);
  });

  it.each<[string, JsonObject]>([
    ['an empty condition, as the Go zen-flow writes it', one({ when: '' })],
    ['null in a template', one({ template: template({ ttlSecondsAfterFinished: null }) })],
    [
      'each action of a podFailurePolicy',
      {
        ...policy({
          rules: [
            { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [1, 42] } },
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
            { action: 'Count', onExitCodes: { operator: 'NotIn', values: [0, 3] } },
            { action: 'FailIndex', onExitCodes: { operator: 'In', values: [3] } },
          ],
        }),
        steps: [
          aStep('each', [], { forEach: { items: ['x'] } }),
          aStep('own', [], { template: template({ podFailurePolicy: { rules: [] } }) }),
          aManualStep('ask'),
        ],
      },
    ],
  ])('takes %s', (_, fields) => {
    expect(faultsOf(fields)).toEqual([]);
  });

  it('lets finally read every step', () => {
    const final = aStep('b', [], { when: "steps.a.phase == 'Failed'" });
    expect(faultsOf({ steps: [aStep('a')], finally: [final] })).toEqual([]);
  });
});

describe('the order of steps', () => {
  it('follows dependencies, and the name where they do not say', () => {
    const nodes = [
      { name: 'd', dependencies: ['a', 'b', 'b', 'unknown'] },
      { name: 'c', dependencies: [] },
      { name: 'b', dependencies: ['a'] },
      { name: 'a', dependencies: [] },
    ];
    expect(orderSteps(nodes)).toEqual({ sorted: ['a', 'c', 'b', 'd'], cycle: null });
    expect(orderSteps([...nodes].reverse())).toEqual(orderSteps(nodes));
    expect(nodes.map(({ name }) => name).filter((name) => ancestorsOf(nodes, 'd').has(name))).toEqual(['b', 'a']);
  });

  it('names one circle, and leaves out what is in it or behind it', () => {
    const nodes = [
      { name: 'z', dependencies: ['c'] },
      { name: 'c', dependencies: ['b'] },
      { name: 'b', dependencies: ['c', 'a'] },
      { name: 'a', dependencies: [] },
    ];
    expect(orderSteps(nodes)).toEqual({ sorted: ['a'], cycle: ['b', 'c', 'b'] });
  });

  it('of a chain of a thousand and of a thousand side by side takes no recursion', () => {
    const chain = Array.from({ length: 1_000 }, (_, index) => ({
      name: `s${index}`,
      dependencies: index === 0 ? [] : [`s${index - 1}`],
    }));
    expect(orderSteps(chain).sorted).toHaveLength(1_000);
    expect(chain.filter(({ name }) => ancestorsOf(chain, 's999').has(name))).toHaveLength(999);
  });
});

describe('a span of time', () => {
  it.each([
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['0', 0],
    ['', null],
    ['5', null],
    ['-1s', null],
    ['5 m', null],
    ['1d', null],
  ])('%j is %j ms', (text, expected) => {
    expect(parseSpan(text)).toBe(expected);
  });
});
