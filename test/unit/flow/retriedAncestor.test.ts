/**
 * A person asks for one more attempt of a step while the Job of a step behind it is yet to be made.
 * No Job may be made without what it names.
 */

import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { newRecord } from '../../../lib/flow/state/record.ts';
import { jobOf } from '../../../lib/flow/writes/jobOf.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { aFlowWorld, aSpec, aStep } from '../../support/objects/aFlow.ts';

const gives = { outputs: { parameters: [{ name: 'tag', valueFrom: { terminationMessage: {} } }] } };

const reads: JsonObject = {
  inputs: { parameters: [{ name: 'tag', valueFrom: { output: { step: 'a', name: 'tag' } } }] },
  template: {
    spec: {
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'x', args: [`\${parameters.tag}`] }] },
      },
    },
  },
};

/** `b` reads `a`, and depends on `m` alone. */
const steps = (b: JsonObject) => [aStep('a', [], gives), aStep('m', 'a'), aStep('b', 'm', { ...reads, ...b })];

const askAgain = { 'attempts.workflow.kube-zen.io/a': '2' };

describe('a step whose Job is yet to be made while one before it runs again', () => {
  const retried = { retryPolicy: { limit: 1, backoff: { duration: '30s' } } };

  it('waits until that has ended, and is made of what it gave', () => {
    const world = aFlowWorld({ steps: steps(retried) }, { b: ['fail', 'ok'] }, 10_000, { a: { tag: 'v1' } });
    for (const now of [0, 10_000, 20_000, 30_000]) world.at(now);
    expect(world.states()).toMatchObject({ b: 'Pending Backoff 2' });
    world.cluster.annotate(askAgain);
    world.at(55_000);
    // Its time has come.
    world.at(60_000);
    expect(world.states()).toEqual({ a: 'Running 2', m: 'Succeeded', b: 'Pending Dependencies 2' });
    world.at(65_000);
    expect(world.states()).toEqual({ a: 'Succeeded 2', m: 'Succeeded', b: 'Running 2' });
  });

  it('fails where that gives nothing', () => {
    const outcomes = { a: ['ok', 'fail'], b: ['fail'] };
    const world = aFlowWorld({ steps: steps(retried) }, outcomes, 10_000, { a: { tag: 'v1' } });
    for (const now of [0, 10_000, 20_000, 30_000]) world.at(now);
    world.cluster.annotate(askAgain);
    world.at(40_000);
    world.at(50_000);
    expect(world.jobs(50_000)).not.toContain('b/2');
    expect(world.states()).toMatchObject({ a: 'Failed JobFailed 2' });
    expect(world.states()['b']).toMatch(/^(Skipped|Failed)/);
  });

  /** The record says that `b` runs, and the function that was to make its Job is killed. */
  function withLostJob(outcomes: readonly string[]) {
    const world = aFlowWorld({ steps: steps({}) }, { a: outcomes }, 10_000, { a: { tag: 'v1' } });
    for (const now of [0, 10_000]) world.at(now);
    for (;;) {
      const snapshot = world.cluster.snapshot(20_000);
      const decision = advance(snapshot, 20_000);
      const isStart = decision.starts.length > 0;
      for (const write of toWrites(decision, snapshot))
        if (!isStart || write.resource !== 'jobs') world.cluster.apply(write, 20_000);
      if (isStart) break;
    }
    expect(world.states()).toMatchObject({ m: 'Succeeded', b: 'Running' });
    world.cluster.annotate(askAgain);
    return world;
  }

  it('that the record says runs, is made of what was given before', () => {
    const world = withLostJob(['ok', 'ok']);
    const made: JsonObject[] = [];
    const { cluster } = world;
    const snapshot = cluster.snapshot(21_000);
    for (const write of toWrites(advance(snapshot, 21_000), snapshot))
      if (write.kind === 'create' && write.resource === 'jobs') made.push(write.object);
    expect(JSON.stringify(made.find((job) => JSON.stringify(job).includes('-b-1-')))).toContain('"args":["v1"]');
  });

  it('that the record says runs, fails once nothing is given any more', () => {
    const world = withLostJob(['ok', 'fail']);
    // Of the same instant, so that no pass makes the Job before.
    const read = world.cluster.record();
    if (read === null) throw new Error('no record');
    const snapshot = world.cluster.snapshot(30_000);
    const without = { ...read, outputs: {} };
    const view = { uid: 'r', resourceVersion: '1', record: without };
    const decision = advance({ ...snapshot, record: view }, 30_000);
    expect(decision.starts.map(({ step }) => step)).not.toContain('b');
    expect(decision.changes).toContainEqual(
      expect.objectContaining({ step: 'b', to: 'Failed', reason: 'InvalidInput' }),
    );
  });
});

it('no Job is made where a value is missing, or its items cannot be computed', () => {
  const flow = { namespace: 'data', name: 'nightly', uid: 'f' };
  const make = (fields: JsonObject) => {
    const spec = aSpec({ steps: steps(fields) });
    const [, , step] = spec.steps;
    if (step === undefined) throw new Error('no step');
    return (outputs: Readonly<Record<string, string>>) =>
      jobOf(flow, spec, { ...newRecord(spec, '', 0), outputs: { a: outputs } }, step, 1);
  };
  expect(make({})({})).toBeNull();
  expect(make({})({ tag: 'v1' })).not.toBeNull();
  const listed = make({ forEach: { from: '[string(int(steps.a.outputs.tag))]' } });
  expect(listed({ tag: 'v1' })).toBeNull();
  expect(listed({ tag: '1' })).toMatchObject({ spec: { completions: 1 } });
});
