import { describe, expect, it } from 'vitest';
import { joinObservations } from '../../../lib/selection/joinObservations.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, observed, observedNodes, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

function aSnapshot(annotations: Readonly<Record<string, string>> = { 'health-check': 'tcp://:5432' }): Snapshot {
  const world = new World();
  world.setSource(aService(annotations));
  for (const name of ['db-0', 'db-1']) world.setPod(aPod({ name }));
  return world.snapshot();
}

describe('joinObservations', () => {
  it('puts each verdict beside its pod, and names the observer', () => {
    const joined = joinObservations(aSnapshot(), observed({ 'db-1': { verdict: 'failing', detail: 'timeout' } }));
    expect(joined.observer).toBe('bridge-0');
    expect(joined.candidates.map(({ health }) => health)).toEqual([
      undefined,
      { verdict: 'failing', since: T0 - 60_000, detail: 'timeout' },
    ]);
  });

  it.each([
    ['no check is asked for', aSnapshot({}), observed({ 'db-0': {} })],
    ['another check was judged', aSnapshot(), observed({ 'db-0': { check: 'tcp://:5433' } })],
    ['the check has no verdict yet', aSnapshot(), observed({})],
    ['nothing was observed', aSnapshot(), undefined],
  ])('leaves the snapshot as it is where %s', (_, snapshot, observations) => {
    expect(joinObservations(snapshot, observations)).toBe(snapshot);
  });

  it('takes the verdict on another uid of the same name for nothing', () => {
    const snapshot = aSnapshot();
    const joined = joinObservations(snapshot, observed({ 'db-9': { verdict: 'failing' } }));
    expect(joined.candidates).toEqual(snapshot.candidates);
    expect(joined.observer).toBe('bridge-0');
  });

  it('puts each node beside its pods, also where no check is asked for, and names no observer of a check', () => {
    const joined = joinObservations(aSnapshot({}), observedNodes({ 'node-1': { verdict: 'silent', cordoned: true } }));
    expect(joined.observer).toBeUndefined();
    expect(joined.candidates.map(({ node }) => node)).toEqual([
      undefined,
      { verdict: 'silent', since: T0 - 60_000, cordoned: true },
    ]);
  });

  it('replaces what was joined before', () => {
    const before = joinObservations(aSnapshot(), observed({ 'db-0': { verdict: 'failing' } }));
    const after = joinObservations(before, observed({ 'db-1': {} }));
    expect(after.candidates.map(({ health }) => health?.verdict)).toEqual([undefined, 'passing']);
  });
});
