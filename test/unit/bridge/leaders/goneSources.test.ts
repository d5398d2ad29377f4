import { beforeEach, expect, it } from 'vitest';
import { createGoneSources, type GoneSources } from '../../../../bridge/leaders/goneSources.ts';
import type { ServiceView, SliceView } from '../../../../lib/selection/snapshot.ts';
import { aLeaderStore, type FilledStore } from '../../../support/objects/aLeaderStore.ts';
import { aLeaderService, aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aService, T0, uidOf } from '../../../support/objects/builders.ts';

const postgres = { namespace: 'shop', name: 'postgres' };
let filled: FilledStore;
let gone: GoneSources;
let now: number;

beforeEach(() => {
  now = T0;
  filled = aLeaderStore(() => now);
  gone = createGoneSources(filled.store, () => now);
  filled.services.add(aService());
  filled.services.add(aLeaderService());
  filled.ourSlices.add(aLeaderSlice({ pod: 'p-0' }));
  filled.changes();
});

/** Takes what the store has told since, as the domain does. */
function told(): void {
  for (const change of filled.changes()) gone.note(change);
}
function deleteService(service: ServiceView): void {
  filled.services.delete(service);
  told();
}
function deleteSlice(slice: SliceView = aLeaderSlice({ pod: 'p-0' })): void {
  filled.ourSlices.delete(slice);
  told();
}
const names = () => {
  const found = gone.of(postgres);
  return found && [...found.services, ...found.slices].map(({ name }) => name);
};
const all = ['postgres-leader', 'postgres-leader-ipv4'];

it('knows what a deleted source owned, after the objects are collected too', () => {
  expect(names()).toBeUndefined();
  deleteService(aService());
  expect(gone.of(postgres)?.uid).toBe(uidOf('postgres'));
  deleteSlice();
  deleteService(aLeaderService());
  expect(names()).toEqual(all);
  expect(gone.sources()).toEqual([postgres]);
});

it('knows it where the objects are seen to go first', () => {
  deleteSlice();
  deleteService(aLeaderService());
  deleteService(aService());
  expect(names()).toEqual(all);
});

it('knows it after a relist in which all have gone', () => {
  filled.ourSlices.replace([], new Set());
  filled.services.replace([], new Set());
  told();
  expect(names()).toEqual(all);
});

it('finds a source that went before a restart, while its objects are left', () => {
  const later = aLeaderStore(() => now);
  later.services.add(aLeaderService());
  later.ourSlices.add(aLeaderSlice({ pod: 'p-0' }));
  expect(createGoneSources(later.store, () => now).of(postgres)?.uid).toBe(uidOf('postgres'));
});

it('forgets it once its end is announced, though objects are left', () => {
  deleteService(aService());
  gone.settle(uidOf('postgres'));
  expect(names()).toBeUndefined();
  expect(gone.sources()).toEqual([]);
});

it('has nothing to announce of what was left behind by --cascade=orphan', () => {
  filled.services.update(aLeaderService('postgres', { owner: null }));
  deleteService(aService());
  expect(names()).toBeUndefined();
  filled.ourSlices.update({ ...aLeaderSlice({ pod: 'p-0' }), owner: null });
  told();
  expect(names()).toBeUndefined();
});

it('has nothing to announce of a source that was opted out of', () => {
  const optedOut = aService({ enabled: 'false' });
  filled.services.update(optedOut);
  deleteSlice();
  deleteService(aLeaderService());
  deleteService(optedOut);
  expect(names()).toBeUndefined();
});

it('has nothing to announce of a source that never had a leader', () => {
  const other = aService({}, { name: 'web' });
  filled.services.add(other);
  deleteService(other);
  expect(gone.of({ namespace: 'shop', name: 'web' })).toBeUndefined();
});

it('keeps it beside the next source of its name, until that one has announced its leader', () => {
  deleteService(aService());
  deleteSlice();
  deleteService(aLeaderService());
  const next = aService({}, { uid: uidOf('next') });
  filled.services.add(next);
  told();
  expect(names()).toEqual(all);
  const owner = { kind: 'Service', name: 'postgres', uid: uidOf('next') };
  filled.services.add(
    aLeaderService('postgres', {
      uid: uidOf('next-leader'),
      owner,
      annotations: { 'zen-lead.io/announced-epoch': '9' },
    }),
  );
  told();
  expect(names()).toBeUndefined();
});

it('forgets a deleted source after ten minutes, and what a living one lost after one', () => {
  deleteSlice();
  now += 60_001;
  filled.services.add(aService({}, { name: 'web' }));
  filled.ourSlices.add(aLeaderSlice({ pod: 'w-0', source: 'web' }));
  deleteSlice(aLeaderSlice({ pod: 'w-0', source: 'web' }));
  deleteService(aService());
  expect(names()).toEqual(['postgres-leader']);
  now += 600_001;
  expect(gone.sources()).toEqual([]);
});
