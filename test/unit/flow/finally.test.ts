import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { aFlowWorld, aSpec, aStep, JOB_MS, runToEnd } from '../../support/objects/aFlow.ts';

const HOUR_MS = 3_600_000;
const end = JOB_MS;
const retry = (step: string, attempts: number) => ({ [`attempts.workflow.kube-zen.io/${step}`]: String(attempts) });

describe('finally', () => {
  const spec: JsonObject = { steps: [aStep('a')], finally: [aStep('clean'), aStep('report', 'clean')] };
  const suspended: JsonObject = { ...spec, suspend: true };

  it('runs after a suspension that was longer than its time', () => {
    const world = aFlowWorld(spec);
    world.at(0);
    world.cluster.changeSpec(aSpec(suspended));
    world.at(end);
    expect(world.at(2 * HOUR_MS)).toMatchObject({ phase: 'Suspended', nextReconcileAt: null });
    expect(world.states()).toEqual({ a: 'Succeeded', clean: 'Pending Suspended', report: 'Pending Dependencies' });
    world.cluster.changeSpec(aSpec(spec));
    runToEnd(world, 2 * HOUR_MS);
    expect(world.states()).toEqual({ a: 'Succeeded', clean: 'Succeeded', report: 'Succeeded' });
  });

  it('has its whole time although it was suspended in the middle', () => {
    const policy = { executionPolicy: { finallyDeadlineSeconds: 30 } };
    const world = aFlowWorld({ ...spec, ...policy }, {}, 25_000);
    world.at(0);
    world.at(25_000);
    world.cluster.changeSpec(aSpec({ ...suspended, ...policy }));
    expect(world.at(26_000)).toMatchObject({ nextReconcileAt: null });
    world.at(60_000);
    expect(world.states()).toMatchObject({ clean: 'Succeeded', report: 'Pending Suspended' });
    world.cluster.changeSpec(aSpec({ ...spec, ...policy }));
    // One second of thirty had passed.
    expect(world.at(100_000)).toMatchObject({ phase: 'Finalizing', nextReconcileAt: 129_000 });
    expect(world.states()).toMatchObject({ report: 'Running' });
    world.at(128_999);
    expect(world.states()).toMatchObject({ report: 'Succeeded' });
  });

  it('holds what has not started while a step of the flow is retried (Z10)', () => {
    const world = aFlowWorld(spec, { a: ['fail', 'ok'] });
    world.at(0);
    world.at(end);
    expect(world.states()).toMatchObject({ a: 'Failed JobFailed', clean: 'Running' });
    world.cluster.annotate(retry('a', 2));
    world.at(end + 5_000);
    expect(world.states()).toMatchObject({ a: 'Running 2', clean: 'Running' });
    world.at(2 * end);
    expect(world.states()).toMatchObject({ a: 'Running 2', clean: 'Succeeded', report: 'Pending Dependencies' });
    const last = runToEnd(world, 2 * end);
    expect(world.states()).toEqual({ a: 'Succeeded 2', clean: 'Succeeded', report: 'Succeeded' });
    expect(world.at(last)).toMatchObject({ phase: 'Succeeded' });
  });

  it('starts nothing that waited for room while a step of the flow is retried (Z10)', () => {
    const narrow: JsonObject = { steps: [aStep('a')], finally: [aStep('clean'), aStep('tell')], parallelism: 1 };
    const world = aFlowWorld(narrow, { a: ['fail', 'ok'] });
    world.at(0);
    world.at(end);
    expect(world.states()).toMatchObject({ clean: 'Running', tell: 'Pending Parallelism' });
    world.cluster.annotate(retry('a', 2));
    world.at(2 * end);
    expect(world.states()).toMatchObject({ a: 'Running 2', clean: 'Succeeded', tell: 'Pending Parallelism' });
    runToEnd(world, 2 * end);
    expect(world.states()).toEqual({ a: 'Succeeded 2', clean: 'Succeeded', tell: 'Succeeded' });
  });

  it('runs a failed step of it again, long after its time', () => {
    const world = aFlowWorld(spec, { clean: ['fail', 'ok'] });
    const last = runToEnd(world);
    expect(world.states()).toMatchObject({ clean: 'Failed JobFailed', report: 'Skipped UpstreamFailed' });
    world.cluster.annotate(retry('clean', 2));
    world.at(last + 2 * HOUR_MS);
    expect(world.states()).toMatchObject({ clean: 'Running 2' });
    runToEnd(world, last + 2 * HOUR_MS);
    expect(world.states()).toEqual({ a: 'Succeeded', clean: 'Succeeded 2', report: 'Succeeded' });
  });
});
