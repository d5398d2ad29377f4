import { describe, expect, it } from 'vitest';
import { explainStep } from '../../../lib/flow/engine/explainStep.ts';
import { type Simulation, simulate } from '../../../lib/flow/simulate/simulate.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { aFlowWorld, aManualStep, aSpec, aStep, type Outcomes, planOf } from '../../support/objects/aFlow.ts';

function run(
  spec: JsonObject,
  outcomes: Outcomes = {},
  answers: Readonly<Record<string, 'approved' | 'rejected'>> = {},
): Simulation {
  const flow = { namespace: 'n', name: 'f', spec: aSpec(spec), problems: [] };
  return simulate(flow, { endOf: planOf(outcomes), answers: new Map(Object.entries(answers)), answerAfterMs: 5_000 });
}

describe('a simulation', () => {
  it('gives a timeline with retries, questions and conditions', () => {
    const spec = {
      steps: [
        aStep('build', [], { retryPolicy: { backoff: { duration: '30s' } } }),
        aManualStep('ask', ['build']),
        aStep('deploy', 'ask', { when: 'steps.build.attempts == 2' }),
      ],
    };
    const result = run(spec, { build: ['fail', 'ok'] }, { ask: 'approved' });
    expect(result).toMatchObject({ phase: 'Succeeded', reason: null, endedAt: 65_000, isFinished: true });
    expect(result.timeline.map(({ at, step, to, attempt }) => `${at / 1_000} ${step} ${to} ${attempt}`)).toEqual([
      '0 build Running 1',
      '10 build Pending 2',
      '40 build Running 2',
      '50 build Succeeded 2',
      '50 ask PendingApproval 1',
      '55 ask Succeeded 1',
      '55 deploy Running 1',
      '65 deploy Succeeded 1',
    ]);
  });

  it('has a question answered by somebody who may answer it', () => {
    const approval = { users: ['alice', 'bob'], notInitiator: true };
    const spec = { steps: [aManualStep('ask', [], { approval })] };
    const result = run(spec, {}, { ask: 'approved' });
    expect(result).toMatchObject({ phase: 'Succeeded', isFinished: true });
    expect(result.record?.steps).toMatchObject([{ name: 'ask', by: 'alice' }]);
  });

  it('stops where only a person could lead on', () => {
    const result = run({ steps: [aStep('a'), aManualStep('ask', ['a'])] });
    expect(result).toMatchObject({ phase: 'Paused', isFinished: false, endedAt: 10_000 });
  });

  it('stops where a Job never ends', () => {
    expect(run({ steps: [aStep('a')] }, { a: ['timeout'] })).toMatchObject({ phase: 'Running', isFinished: false });
    const timed = { steps: [aStep('a', [], { timeoutSeconds: 3 })] };
    expect(run(timed, { a: ['timeout'] })).toMatchObject({ phase: 'Failed', endedAt: 3_000 });
    expect(run(timed)).toMatchObject({ phase: 'Failed', timeline: [{}, { reason: 'Timeout' }] });
  });

  it('of a flow that is wrong runs nothing', () => {
    expect(run({ steps: [aStep('a', 'b'), aStep('b', 'a')] })).toMatchObject({
      reason: 'DAGCycle',
      isFinished: false,
      timeline: [],
      problems: [{ severity: 'error' }],
    });
  });

  it('of a thousand steps side by side, or a hundred in a row, ends', () => {
    const wide = run({ steps: Array.from({ length: 1_000 }, (_, index) => aStep(`s${index}`)), parallelism: 500 });
    expect(wide).toMatchObject({ phase: 'Succeeded', endedAt: 20_000 });
    const long = Array.from({ length: 100 }, (_, index) => aStep(`s${index}`, index === 0 ? [] : `s${index - 1}`));
    expect(run({ steps: long })).toMatchObject({ phase: 'Succeeded', endedAt: 1_000_000 });
  });
});

describe('an explanation', () => {
  it('says for each state what it waits for, or why it ended', () => {
    const spec = {
      parameters: { mode: 'dry' },
      parallelism: 1,
      steps: [
        aStep('a'),
        aStep('b'),
        aStep('c', 'b'),
        aManualStep('ask'),
        aStep('dry', [], { when: "params.mode == 'real'" }),
      ],
      finally: [aStep('clean')],
    };
    const world = aFlowWorld(spec, { a: ['fail:3'] });
    const explain = (annotations: Readonly<Record<string, string>> = {}) => {
      const record = world.cluster.record();
      const parsed = aSpec(spec);
      if (record === null) throw new Error('no record');
      return Object.fromEntries(
        [...parsed.steps, ...parsed.finally].map((step) => [
          step.name,
          explainStep({ spec: parsed, annotations }, record, step),
        ]),
      );
    };
    world.at(0);
    expect(explain()).toEqual({
      a: 'runs, attempt 1',
      b: 'waits for room: spec.parallelism lets 1 steps run at once',
      c: 'waits for b',
      ask: 'waits for a person: annotation approved.workflow.kube-zen.io/ask: "true" or "false"',
      dry: "was skipped: its condition was false: params.mode == 'real'",
      clean: 'waits for the last step',
    });
    expect(explain({ 'approved.workflow.kube-zen.io/ask': 'yes' })).toMatchObject({
      ask: 'waits for a person: annotation approved.workflow.kube-zen.io/ask: "true" or "false"; "yes" is no answer',
    });
    world.at(10_000);
    expect(explain()).toMatchObject({
      a: 'failed: the Job of attempt 1 failed with exit code 3',
      b: 'was skipped: the flow starts nothing more',
      clean: 'runs, attempt 1',
    });
    world.at(20_000);
    expect(explain()).toMatchObject({ clean: 'succeeded with attempt 1' });
  });
});
