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
    [{ ...one({}), parameters: { a: 'x'.repeat(4_097) } }, ['spec.parameters.a: has more than 4096 characters']],
    [one({ dependencies: ['a', 1] }), ['spec.steps[0].dependencies[1]: must be a text, not 1']],
    [one({ message: 'm'.repeat(1_025) }), ['spec.steps[0].message: has 1025 characters; at most 1024 are allowed']],
    [
      one({ retryPolicy: { backoff: { duration: '5 minutes', factor: 0.5 } } }),
      [
        'spec.steps[0].retryPolicy.backoff.duration: must be a span, as 30s or 5m, not "5 minutes"',
        'spec.steps[0].retryPolicy.backoff.factor: must be at least 1, not 0.5',
      ],
    ],
    [
      { steps: Array.from({ length: 1_001 }, (_, index) => aStep(`s${index}`)) },
      ['spec.steps: has 1001; at most 1000 are allowed'],
    ],
    [{ ...one({}), templates: [{ template: {} }] }, ['spec.templates[0].name: is missing']],
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
