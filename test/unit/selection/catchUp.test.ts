import { expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { catchUp } from '../../../lib/selection/catchUp.ts';
import { aPod, aService, T0, version } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

const world = new World();
world.setSource(aService());
world.setPod(aPod({ name: 'pg-0' }));
world.reconcile(T0);
world.reconcile(T0);
const led = world.snapshot();

it('a view that is behind the record wants the record lowered, and caught up it wants nothing', () => {
  const behind = { ...led, revisions: { pods: version(1), services: version(1), slices: version(1) } };
  expect(assess(behind, T0).writes).toHaveLength(1);
  expect(assess(catchUp(behind), T0).writes).toEqual([]);
});

it('a view that is ahead of the record, or whose revisions are no numbers, stays as it is', () => {
  const ahead = { pods: version(1e9), services: version(1e9), slices: version(1) };
  const unordered = { pods: version('abc'), services: version(''), slices: version(1) };
  for (const revisions of [ahead, unordered]) expect(catchUp({ ...led, revisions }).revisions).toEqual(revisions);
});
