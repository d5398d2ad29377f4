/** What a read brings may be written for two seconds, and a decision blocks all others. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOf } from '../../../lib/flow/spec/faultsOf.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { ancestorsOf, type Node } from '../../../lib/flow/spec/order.ts';
import { validate } from '../../../lib/flow/spec/validate.ts';
import { aSpec, aStep, aTemplate } from '../../support/objects/aFlow.ts';

const names = Array.from({ length: 1_000 }, (_, index) => `s${index}`);

/** Of this process alone: other tests run at the same time. */
function cpuMsOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const template = (args: readonly string[]): JsonObject => ({
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'x', args }] } } },
});

describe('a flow as large as it may be', () => {
  it('that shares one template among 1,000 steps has it walked once', () => {
    const args = Array.from({ length: 110_000 }, () => 'a');
    const spec = aSpec({
      templates: [{ name: 't', template: template(args) }],
      steps: names.map((name) => ({ name, templateRef: 't' })),
    });
    expect(cpuMsOf(() => expect(validate(spec)).toEqual([]))).toBeLessThan(2_000);
  });

  it('that has 40 dependencies and three conditions a step is validated within a read', () => {
    const spec = aSpec({
      templates: [{ name: 't', template: aTemplate }],
      parameters: { p: '1' },
      steps: names.map((name, index) => ({
        ...{ name, templateRef: 't', dependencies: names.slice(Math.max(0, index - 40), index) },
        ...{ when: "params.p == '1'", retryPolicy: { when: 'exitCode == 1' }, memoize: { key: 'params.p' } },
        inputs: { parameters: [{ name: 'q', value: 'v' }] },
      })),
    });
    expect(cpuMsOf(() => expect(validate(spec)).toEqual([]))).toBeLessThan(3_000);
  });

  it('names as many unknown parameters as a step can have, and not a million', () => {
    const args = Array.from({ length: 20_000 }, (_, index) => `\${parameters.p${index}}`);
    const spec = aSpec({
      templates: [{ name: 't', template: template(args) }],
      steps: names.map((name) => ({ name, templateRef: 't' })),
    });
    expect(validate(spec)).toHaveLength(97 * 1_000);
  });
});

describe('the faults of a spec', () => {
  const fields = { steps: names.slice(0, 60).map((name) => aStep(name, 'unknown')) };

  it('are known when an equal spec is read again', () => {
    const first = faultsOf(aSpec(fields));
    expect(first).toEqual(validate(aSpec(fields)));
    expect(faultsOf(aSpec(fields))).toBe(first);
  });

  it('are those of its policy, too, which is in no hash', () => {
    const onFailure = template([]);
    const spec = { ...fields, steps: names.slice(0, 60).map((name) => ({ name, template: onFailure })) };
    const before = faultsOf(aSpec(spec));
    expect(faultsOf(aSpec({ ...spec, executionPolicy: { podFailurePolicy: { rules: [] } } }))).not.toBe(before);
  });

  it('are forgotten once a few others were read', () => {
    const first = faultsOf(aSpec(fields));
    for (let index = 0; index < 4; index += 1) faultsOf(aSpec({ ...fields, parallelism: index + 1 }));
    expect(faultsOf(aSpec(fields))).not.toBe(first);
  });
});

it('what comes before a step is what following its dependencies finds', () => {
  const follow = (nodes: readonly Node[], name: string, found = new Set<string>()): ReadonlySet<string> => {
    for (const each of nodes.find((node) => node.name === name)?.dependencies ?? [])
      if (!found.has(each)) follow(nodes, each, found.add(each));
    return found;
  };
  const graphs = fc.array(fc.array(fc.nat(70), { maxLength: 4 }), { maxLength: 70 }).map((list) =>
    list.map((before, at) => ({
      name: `s${at}`,
      dependencies: before.filter((each) => each < at).map((each) => `s${each}`),
    })),
  );
  fc.assert(
    fc.property(graphs, (nodes) => {
      for (const { name } of nodes) {
        const found = follow(nodes, name);
        for (const other of nodes) expect(ancestorsOf(nodes, name).has(other.name)).toBe(found.has(other.name));
      }
      expect(ancestorsOf(nodes, 's0').has('unknown')).toBe(false);
    }),
    { numRuns: 50 },
  );
});
