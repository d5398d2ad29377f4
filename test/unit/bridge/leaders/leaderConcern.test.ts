import { expect, it } from 'vitest';
import { toConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, T0 } from '../../../support/objects/builders.ts';

function servedStore() {
  const filled = aLeaderStore();
  filled.services.add(aService());
  filled.pods.add(aPod({ name: 'p-0' }));
  filled.ourSlices.add(aLeaderSlice({ pod: 'p-0' }));
  return filled;
}

const source = { namespace: 'shop', name: 'postgres' };

it('puts a recheck into the lane of changes, with the time it was due', () => {
  expect(toConcern(source, 'recheck', T0, servedStore().store)).toEqual({
    ...source,
    key: 'shop/postgres',
    type: 'io.zen-lead.service.recheck',
    change: { kind: 'Service', name: 'postgres', verb: 'recheck' },
    lane: 'change',
    observedAt: T0,
    dueAt: T0,
  });
});

it('puts a resync into the low lane', () => {
  expect(toConcern(source, 'resync', T0, servedStore().store)).toMatchObject({
    type: 'io.zen-lead.service.resync',
    lane: 'low',
    dueAt: T0,
  });
});

it('puts a source that no fit pod serves first at the start', () => {
  const { store, pods } = servedStore();
  const atStart = () => toConcern(source, 'start', T0, store);
  expect(atStart()).toMatchObject({ type: 'io.zen-lead.service.added', lane: 'change' });
  expect(atStart()).not.toHaveProperty('dueAt');
  pods.update(aPod({ name: 'p-0', ready: false }));
  expect(atStart()).toMatchObject({ lane: 'failover' });
});
