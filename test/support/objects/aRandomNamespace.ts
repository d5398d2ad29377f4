/**
 * Makes random pods, Services and slices of one namespace that have names, labels and owners in
 * common, and compares snapshots of it.
 */

import fc from 'fast-check';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { aForeignService, aLeaderService, aLeaderSlice, aSlice } from './aSlice.ts';
import { aPod, aService, uidOf } from './builders.ts';

export const sourceNames = ['a', 'b', 'c'] as const;
const name = fc.constantFrom(...sourceNames);
const label = fc.constantFrom('x', 'y');
export const aRandomPod = fc.record({ name, app: label, tier: label, other: fc.boolean() }).map((given) =>
  aPod({
    name: `pod-${given.name}`,
    uid: uidOf(given.other ? `other-${given.name}` : `pod-${given.name}`),
    labels: { app: given.app, tier: given.tier },
  }),
);
export const aRandomService = fc.oneof(
  fc
    .record({
      name,
      app: label,
      tier: fc.option(label),
      wants: fc.option(fc.constantFrom('a-leader', 'b-leader', 'taken')),
      followers: fc.boolean(),
    })
    .map((given) =>
      aService(
        {
          ...(given.wants !== null && { 'leader-service-name': given.wants }),
          ...(given.followers && { followers: 'true' }),
        },
        { name: given.name, selector: { app: given.app, ...(given.tier !== null && { tier: given.tier }) } },
      ),
    ),
  name.map((each) => aForeignService(each)),
  fc.constantFrom('taken', 'b-leader').map((each) => aForeignService(each)),
  fc
    .record({ name, orphan: fc.boolean() })
    .map((given) => aLeaderService(given.name, given.orphan ? { owner: null } : {})),
);
export const aRandomSlice = fc.oneof(
  fc
    .record({ source: name, pod: fc.option(name), orphan: fc.boolean(), isRouted: fc.boolean() })
    .map(({ source, pod, orphan, isRouted }) => ({
      ...aLeaderSlice({ source, pod: pod === null ? null : `pod-${pod}` }),
      ...(orphan && { owner: null }),
      // A record without a route: a leader that is gone, or a slice emptied by hand.
      ...(!isRouted && { spec: { addressType: 'IPv4' as const, endpoints: [], ports: [] } }),
    })),
  fc
    .record({ id: name, serviceName: fc.constantFrom('a', 'a-leader', 'b-followers', 'taken') })
    .map(({ id, serviceName }) => aSlice({ name: `${serviceName}-${id}`, serviceName })),
  fc.constantFrom('a-leader-ipv4', 'taken-ipv6').map((each) => aSlice({ name: each })),
);

/** The order of its lists says nothing. */
export function sorted(snapshot: Snapshot): Snapshot {
  const byUid = (a: { uid: string }, b: { uid: string }): number => (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0);
  return {
    ...snapshot,
    candidates: snapshot.candidates.toSorted(byUid),
    services: snapshot.services.toSorted(byUid),
    slices: snapshot.slices.toSorted(byUid),
  };
}
