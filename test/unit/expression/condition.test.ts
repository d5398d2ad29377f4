import { describe, expect, it } from 'vitest';
import { parseCondition } from '../../../lib/expression/condition.ts';
import type { ConditionScope } from '../../../lib/expression/scope.ts';
import { scope, values } from '../../support/objects/conditionValues.ts';

const retryScope: ConditionScope = { ...scope, isRetry: true };

function evaluate(text: string, inScope = scope): boolean | string {
  const condition = parseCondition(text, inScope);
  if (condition.kind === 'problem') return `${condition.at}: ${condition.message}`;
  const outcome = condition.evaluate(values);
  return outcome.kind === 'value' ? outcome.value : outcome.message;
}

describe('a condition', () => {
  it.each([
    ["steps.build.phase == 'Succeeded'", true],
    ["steps['unit-tests'].phase == 'Succeeded'", false],
    ["steps['unit-tests'].exitCode == 3 && steps['unit-tests'].attempts > 1", true],
    ["params.region.startsWith('eu-')", true],
    ["params['dry-run'] in ['yes', 'true']", false],
    ["flow.name == 'nightly' && flow.namespace == 'data'", true],
    ["['eu', 'us'].exists(one, params.region.contains(one))", true],
    ['size(params.region) > 3 ? true : false', true],
    ["steps.build.outputs.tag == 'v1' && steps.build.outputs.files == ''", true],
    ["'a,b'.split(',').exists(part, part == 'b')", true],
    ['always', true],
    ['never', false],
    ['true', true],
    ['false', false],
  ])('reads what has happened: %s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  it('of a retry also reads how the attempt ended', () => {
    expect(evaluate("exitCode == 137 && attempt < 3 && reason == 'JobFailed'", retryScope)).toBe(true);
    expect(evaluate('exitCode == 137')).toBe('0: Unknown variable: exitCode');
  });

  it('names the steps that it reads', () => {
    const condition = parseCondition("steps['unit-tests'].phase == steps.build.phase", scope);
    expect(condition).toMatchObject({ kind: 'expression', stepNames: ['build', 'unit-tests'] });
  });

  it('says where it cannot be read', () => {
    expect(evaluate('1 +')).toBe('3: Unexpected token: EOF');
    expect(evaluate("steps.build.phse == 'x'")).toBe('12: No such key: phse');
    expect(evaluate("steps.build.exitCode > 'x'")).toBe('0: no such overload: int > string');
    expect(evaluate('steps.build.phase')).toBe('0: gives string, not true or false');
    expect(evaluate('')).toMatch(/^0: /);
  });

  it('tells a step that comes later from one that is not there', () => {
    expect(evaluate("steps.deploy.phase == 'x'")).toBe(
      '0: step "deploy" may not have ended by then; name it in dependencies',
    );
    expect(evaluate("steps.biuld.phase == 'x'")).toBe('0: there is no step "biuld"');
    expect(evaluate("params.regoin == 'x'")).toBe('0: there is no parameter "regoin" in spec.parameters');
  });

  it('explains a name with a dash', () => {
    expect(evaluate("true && steps.unit-tests.phase == 'x'")).toBe(
      "8: steps.unit-tests is a subtraction in CEL; write steps['unit-tests']",
    );
  });

  it.each([
    ['steps.constructor == 1', '0: there is no step "constructor"'],
    ["steps['__proto__'].phase == 'x'", '0: there is no step "__proto__"'],
    ["params.constructor.name == 'x'", '0: there is no parameter "constructor" in spec.parameters'],
    ['flow.constructor.name == "x"', '5: No such key: constructor'],
    ["steps[params.region].phase == 'x'", "0: steps['name'] takes a text, not an expression"],
    ["params[flow.name] == 'x'", "0: params['name'] takes a text, not an expression"],
    ['size(steps) > 1', "5: steps must be followed by a name, as steps['name']"],
    ["params.exists(one, one == 'x')", "0: params must be followed by a name, as params['name']"],
    ['globalThis == 1', '0: Unknown variable: globalThis'],
  ])('reaches nothing but its values: %s', (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  it('refuses matches(), wherever it stands', () => {
    const refusal = /matches\(\) is refused, because a pattern may run without end/;
    expect(evaluate("params.region.matches('(a+)+$')")).toMatch(refusal);
    expect(evaluate("[1].all(x, ['a'].exists(y, y.matches('a')))")).toMatch(refusal);
    expect(evaluate("{'a': 'b'.matches('b')}['a']")).toMatch(refusal);
    expect(evaluate("true ? true : !'a'.matches('a')")).toMatch(refusal);
  });

  it('refuses each function that it does not know', () => {
    for (const text of ['cel.bind(x, 1, x == 1)', "timestamp('2026-01-01T00:00:00Z') == 1", "'a'.indexOf('b') == 1"])
      expect(evaluate(text)).toMatch(/is not a function that a condition may call; those are all, bool, contains/);
  });

  it('bounds nodes, depth and length', () => {
    expect(evaluate(Array.from({ length: 300 }, () => 'true').join('&&'))).toMatch(
      /has 1798 characters; 1024 are allowed/,
    );
    expect(evaluate(Array.from({ length: 260 }, () => '1').join('<'))).toMatch(/Exceeded maxAstNodes \(500\)/);
    expect(evaluate(`${'('.repeat(33)}true${')'.repeat(33)}`)).toMatch(/Exceeded maxDepth \(32\)/);
  });

  it('refuses what multiplies without end', () => {
    const chain = (links: number) => `['aaaaaaaaaa']${'.map(x, x + x)'.repeat(links)}.all(x, size(x) > 1)`;
    expect(evaluate(chain(1))).toBe(true);
    expect(evaluate(chain(20))).toMatch(/could take too long/);
    const list = `[${Array.from({ length: 100 }, (_, index) => index).join(',')}]`;
    expect(evaluate(`${list}.all(x, ${list}.all(y, x == y || x != y))`)).toBe(true);
    expect(evaluate('[1].all(x, [1].all(y, [1].all(z, true)))')).toMatch(/nests more than 2 of/);
  });

  it('knows an item where it decides about items, and nowhere else', () => {
    const ofItem = (text: string) => parseCondition(text, { ...scope, hasItem: true });
    const condition = ofItem("item.startsWith('a') && item != params.region");
    if (condition.kind === 'problem') throw new Error(condition.message);
    expect(condition.readsItem).toBe(true);
    expect(['ab', 'b'].map((item) => condition.evaluate({ ...values, item }))).toEqual([
      { kind: 'value', value: true },
      { kind: 'value', value: false },
    ]);
    // The name of an element hides it.
    expect(ofItem("['a'].exists(item, item == 'a')")).toMatchObject({ readsItem: false });
    expect(ofItem("[item].exists(item, item == 'a')")).toMatchObject({ readsItem: true });
    expect(evaluate("item == 'a'")).toBe('0: item is known in the `when` of a step with forEach alone');
    expect(ofItem('item == 1')).toMatchObject({ kind: 'problem' });
  });

  it('reports an evaluation that fails', () => {
    expect(evaluate('int(params.region) == 1')).toMatch(/int/);
    expect(evaluate('1 / (steps.build.exitCode) == 1')).toMatch(/zero/);
  });

  it.each([
    ['{{ eq .steps.build.phase "Succeeded" }}', "steps['build'].phase == 'Succeeded'"],
    ['{{eq .parameters.region "eu"}}', "params['region'] == 'eu'"],
    [
      '{{ and (eq .steps.build.phase "Succeeded") (not (ne .steps.unit-tests.exitCode 3)) }}',
      "(steps['build'].phase == 'Succeeded') && (!(steps['unit-tests'].exitCode != 3))",
    ],
  ])('gives the CEL form of a Go template: %s', (template, cel) => {
    expect(evaluate(template)).toBe(`0: is a Go template, which zen-flow does not run; write it in CEL: ${cel}`);
    expect(typeof evaluate(cel)).toBe('boolean');
  });

  it.each([
    '{{ range .steps }}x{{ end }}',
    '{{ eq .steps.build "x" }}',
    '{{ eq 1 }}',
    '{{ (eq 1 2 }}',
    '{{ ; }}',
    'a {{',
  ])('guesses no form of a Go template that it does not understand: %s', (template) => {
    expect(evaluate(template)).toMatch(/is a Go template, which zen-flow does not run; write it in CEL, as/);
  });
});
