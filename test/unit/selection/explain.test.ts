import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { explain } from '../../../lib/selection/explain.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const explained = (now = T0) => explain(world.snapshot(), now);
const standings = (now = T0) =>
  Object.fromEntries(
    explained(now).pods.map(({ pod, standing, keptAlthough }) => [pod.name, { ...standing, keptAlthough }]),
  );

beforeEach(() => {
  world = new World();
  // In the order of their creation, which is not that of the list.
  for (const name of ['pg-2', 'pg-0', 'pg-1']) world.setPod(aPod({ name }));
  world.setSource(aService());
  world.reconcile(T0);
});

describe('an explanation', () => {
  it('holds the assessment that it explains', () => {
    world.changePod('pg-0', { ready: false });
    expect(explained()).toMatchObject(assess(world.snapshot(), T0));
  });

  it('of a source that is gone has no pods and no annotations', () => {
    world.sources.clear();
    expect(explained()).toMatchObject({ decision: { reason: 'SourceGone' }, writes: [], pods: [], annotations: [] });
  });
});

describe('where each pod stands', () => {
  it('is said of all of them, by creation', () => {
    expect(explained().pods.map(({ pod }) => pod.name)).toEqual(['pg-0', 'pg-1', 'pg-2']);
  });

  it('is leader, eligible, or unfit and why', () => {
    world.changePod('pg-1', { exclude: 'true' });
    expect(standings()).toEqual({
      'pg-0': { kind: 'leader', keptAlthough: null },
      'pg-1': { kind: 'unfit', why: 'excluded', keptAlthough: null },
      'pg-2': { kind: 'eligible', keptAlthough: null },
    });
  });

  it('says of a leader that is kept although it is not fit what it lacks', () => {
    world.setSource(aService({ paused: 'true' }));
    world.changePod('pg-0', { ready: false });
    expect(standings()['pg-0']).toEqual({ kind: 'leader', keptAlthough: 'notReady' });
  });

  it('is waiting until min-ready-duration has passed, and eligible from then on', () => {
    world.setSource(aService({ 'min-ready-duration': '10s' }));
    world.changePod('pg-1', { readyChangedAt: T0 });
    expect(standings(T0 + 9_999)['pg-1']).toEqual({ kind: 'waiting', eligibleAt: T0 + 10_000, keptAlthough: null });
    expect(standings(T0 + 10_000)['pg-1']).toEqual({ kind: 'eligible', keptAlthough: null });
  });

  it('is not waiting without min-ready-duration, also where a clock is ahead by a second', () => {
    world.changePod('pg-1', { readyChangedAt: T0 + 1_000 });
    expect(standings()['pg-1']).toEqual({ kind: 'eligible', keptAlthough: null });
  });

  it('is waiting for a millisecond too', () => {
    world.setSource(aService({ 'min-ready-duration': '1ms' }));
    world.changePod('pg-1', { readyChangedAt: T0 });
    expect(standings(T0)['pg-1']).toMatchObject({ kind: 'waiting', eligibleAt: T0 + 1 });
  });
});

describe('how each annotation was read', () => {
  it('is said of ours by name, with what would be accepted where one cannot be read', () => {
    const annotations = {
      'zen-lead.io/sticky': 'no',
      'example.org/note': 'x',
      'zen-lead.io/paused': 'false',
      'zen-lead.io/enabled': 'true',
      'zen-lead.io/strategy': 'best',
    };
    world.setSource(aService({}, { annotations }));
    const strategies = 'oldest, newest, random, node-aware, zone-aware, priority, weighted';
    expect(explained().annotations).toEqual([
      { annotation: 'zen-lead.io/enabled', value: 'true', expected: null },
      { annotation: 'zen-lead.io/paused', value: 'false', expected: null },
      { annotation: 'zen-lead.io/sticky', value: 'no', expected: '"true" or "false"' },
      { annotation: 'zen-lead.io/strategy', value: 'best', expected: strategies },
    ]);
  });
});
