import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamespaceRead } from '../../../../functions/reconcile/readState.ts';
import { toSnapshots } from '../../../../functions/reconcile/toSnapshots.ts';
import { buildSnapshot } from '../../../../lib/selection/buildSnapshot.ts';
import type { PodView, ServiceView, SliceView } from '../../../../lib/selection/snapshot.ts';
import {
  aRandomPod,
  aRandomService,
  aRandomSlice,
  sorted,
  sourceNames,
} from '../../../support/objects/aRandomNamespace.ts';
import { aLeaderService, aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, uidOf, version } from '../../../support/objects/builders.ts';

const read = (
  pods: readonly PodView[],
  services: readonly ServiceView[],
  slices: readonly SliceView[],
): NamespaceRead => ({
  namespace: 'shop',
  deadline: 0,
  ...{ pods, services, slices },
  revisions: { pods: version(7), services: version(8), slices: version(9) },
});

interface Hand {
  readonly owner: string | null;
  readonly leader: PodView | null;
}

/** What a hand may have written: an owner or a leader by another name than its uid's. */
const hand = fc.record<Hand>({
  owner: fc.option(fc.constantFrom(...sourceNames)),
  leader: fc.option(aRandomPod),
});

function edited<T extends ServiceView | SliceView>(object: T, { owner, leader }: Hand): T {
  return {
    ...object,
    ...(owner !== null && object.owner !== null && { owner: { ...object.owner, name: owner } }),
    ...(leader !== null && { annotations: { ...object.annotations, 'zen-lead.io/leader-pod-uid': leader.uid } }),
  };
}

const aRandomRead = fc
  .record({
    pods: fc.uniqueArray(aRandomPod, { selector: ({ name }) => name }),
    services: fc.uniqueArray(fc.tuple(aRandomService, hand), { selector: ([{ name }]) => name, maxLength: 8 }),
    slices: fc.uniqueArray(fc.tuple(aRandomSlice, hand), { selector: ([{ name }]) => name, maxLength: 8 }),
  })
  .map(({ pods, services, slices }) =>
    read(
      pods,
      services.map(([service, by]) => edited(service, by)),
      slices.map(([slice, by]) => edited(slice, by)),
    ),
  );

describe('the snapshots of one read of a namespace', () => {
  it('are those that the whole read gives, also of a Service that is gone or not opted in', () => {
    fc.assert(
      fc.property(aRandomRead, (state) => {
        const snapshotOf = toSnapshots(state);
        for (const name of sourceNames) {
          const source = state.services.find((service) => service.name === name) ?? null;
          expect(sorted(snapshotOf(name))).toEqual(sorted(buildSnapshot({ ...state, name, source })));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('look at each pod a few times, however many Services wait', () => {
    const count = 100;
    let looked = 0;
    const counted = (name: string, app: string): PodView => {
      const labels = { app, common: 'yes' };
      const get = () => {
        looked += 1;
        return labels;
      };
      return Object.defineProperty(aPod({ name }), 'labels', { get, enumerable: true });
    };
    const apps = Array.from({ length: count }, (_, i) => `app-${i}`);
    const state = read(
      apps.map((app) => counted(`${app}-0`, app)),
      apps.flatMap((app) => [aService({}, { name: app, selector: { common: 'yes', app } }), aLeaderService(app)]),
      apps.map((app) => aLeaderSlice({ source: app, pod: `${app}-0` })),
    );
    const snapshotOf = toSnapshots(state);
    for (const app of apps) expect(snapshotOf(app).candidates.map(({ uid }) => uid)).toEqual([uidOf(`${app}-0`)]);
    expect(looked).toBeLessThanOrEqual(5 * count);
  });
});
