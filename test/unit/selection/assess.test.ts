import { expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { explain } from '../../../lib/selection/explain.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

/** A snapshot whose source counts how often its strategy is read. */
function withCountedSettings(): { readonly snapshot: Snapshot; readonly reads: () => number } {
  const world = new World();
  for (const name of ['pg-0', 'pg-1']) world.setPod(aPod({ name }));
  world.setSource(aService({ strategy: 'newest', 'min-ready-duration': '10s' }));
  world.reconcile(T0);
  world.setPod(aPod({ name: 'pg-2', readyChangedAt: T0 }));
  const snapshot = world.snapshot();
  if (snapshot.source === null) throw new Error('no source');
  let reads = 0;
  const annotations = new Proxy(snapshot.source.annotations, {
    get(target, key) {
      if (key === 'zen-lead.io/strategy') reads += 1;
      return Reflect.get(target, key);
    },
  });
  return { snapshot: { ...snapshot, source: { ...snapshot.source, annotations } }, reads: () => reads };
}

it('reads the settings of the source once for decision, writes and timer', () => {
  const { snapshot, reads } = withCountedSettings();
  assess(snapshot, T0 + 1);
  expect(reads()).toBe(1);
});

it('gives decision, writes and timer, and nothing else', () => {
  expect(Object.keys(assess(withCountedSettings().snapshot, T0))).toEqual(['decision', 'writes', 'nextLookAt']);
});

it('is what explain explains', () => {
  const { snapshot } = withCountedSettings();
  expect(explain(snapshot, T0)).toMatchObject(assess(snapshot, T0));
});
