/**
 * NamespaceIndex: what the store knows of one namespace, and the questions that `affected` and
 * `toCloudEvent` ask of it.
 *
 * Guarantees: `stateOf` is a superset of what `buildSnapshot` keeps, found without reading the
 * whole namespace.
 */

import type { NamespaceState } from '../../lib/selection/buildSnapshot.ts';
import { electionKey } from '../../lib/selection/elections/electionSettings.ts';
import { annotation } from '../../lib/selection/names.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import { isLeaderSlice } from '../../lib/selection/ownership.ts';
import type { PodView, ServiceView, SliceView, Uid } from '../../lib/selection/snapshot.ts';
import { wantedServiceNames, wantedSliceNames } from '../../lib/selection/wantedNames.ts';
import { createPodIndex, type PodIndex } from './podIndex.ts';
import { createServiceIndex, type ServiceIndex } from './serviceIndex.ts';
import { createSliceIndex, type SliceIndex } from './sliceIndex.ts';

export interface RoutedPod {
  readonly name: string;
  readonly uid: Uid;
  readonly address: string | undefined;
}

export interface NamespaceIndex {
  readonly pods: Omit<PodIndex, 'setSelector'>;
  readonly services: ServiceIndex;
  readonly ourSlices: SliceIndex;
  readonly foreignSlices: SliceIndex;
  isEmpty(): boolean;
  /** Names of Services to reconcile: opted in, or with one of our objects left. */
  sources(): ReadonlySet<string>;
  isSource(name: string): boolean;
  /**
   * Where the leader slices of a source route to, for each of its elections and slots, by
   * `electionKey`. Null where they route nowhere, and empty where it has no leader slice.
   */
  routes(source: string): ReadonlyMap<string, RoutedPod | null>;
  stateOf(source: string): Omit<NamespaceState, 'revisions' | 'namespace'>;
}

/** `now`: epoch milliseconds. */
export function createNamespaceIndex(now: () => number): NamespaceIndex {
  const pods = createPodIndex(now);
  const services = followSelectors(createServiceIndex(), pods);
  const ourSlices = createSliceIndex();
  const foreignSlices = createSliceIndex();
  const sliceIndexes = [ourSlices, foreignSlices];

  function slicesOf(name: string, source: ServiceView | null, serviceNames: Iterable<string>): Iterable<SliceView> {
    const owned = [...ourSlices.oursFor(name)].flatMap((each) => ourSlices.byName.get(each) ?? []);
    const carried = new Set(serviceNames);
    for (const { serviceName } of owned) if (serviceName !== null) carried.add(serviceName);
    const found = new Map(owned.map((slice) => [slice.uid, slice]));
    for (const index of sliceIndexes)
      for (const serviceName of carried) {
        const names = [...wantedSliceNames(serviceName, source), ...index.carrying(serviceName)];
        for (const each of names) {
          const view = index.byName.get(each);
          if (view !== undefined && !found.has(view.uid)) found.set(view.uid, view);
        }
      }
    return found.values();
  }

  /**
   * Those that the source selects, and those that a record or a route names, which may have lost
   * their label.
   */
  function podsOf(name: string, owned: readonly ServiceView[], slices: readonly SliceView[]): Iterable<PodView> {
    const found = new Map(pods.members(name));
    const named = [...owned, ...slices].flatMap((each) => each.annotations[annotation.leaderPodName] ?? []);
    const routed = slices.flatMap((slice) =>
      (slice.spec?.endpoints ?? []).flatMap(({ targetRef }) => targetRef?.name ?? []),
    );
    for (const each of [...named, ...routed]) {
      const pod = pods.byName.get(each);
      if (pod !== undefined) found.set(each, pod);
    }
    return found.values();
  }

  return {
    pods,
    services,
    ourSlices,
    foreignSlices,
    isEmpty: () => [pods, services, ourSlices, foreignSlices].every((each) => each.isEmpty()),
    sources: () => new Set([...services.optedIn, ...services.sourcesWithOurs(), ...ourSlices.sourcesWithOurs()]),
    isSource: (name) => services.optedIn.has(name) || services.oursFor(name).size + ourSlices.oursFor(name).size > 0,
    routes(source) {
      const routes = new Map<string, RoutedPod | null>();
      for (const each of ourSlices.oursFor(source)) {
        const slice = ourSlices.byName.get(each);
        if (slice === undefined || !isLeaderSlice(slice)) continue;
        const { election = '', slot = 0 } = slice;
        const key = electionKey({ election, slot });
        const [endpoint] = slice.spec?.endpoints ?? [];
        const { targetRef, addresses } = endpoint ?? {};
        const routed = targetRef && { name: targetRef.name, uid: targetRef.uid, address: addresses?.[0] };
        // The slice of a family that the pod has no address of is empty.
        routes.set(key, routes.get(key) ?? routed ?? null);
      }
      return routes;
    },
    stateOf(name) {
      const source = services.byName.get(name) ?? null;
      const wanted = source === null ? [] : wantedServiceNames(source);
      const routed = [...ourSlices.oursFor(name)].flatMap((each) => ourSlices.byName.get(each)?.serviceName ?? []);
      const serviceNames = new Set([...wanted, ...services.oursFor(name), ...routed]);
      const owned = [...serviceNames].flatMap((each) => services.byName.get(each) ?? []);
      const slices = [...slicesOf(name, source, serviceNames)];
      return { name, source, services: owned, slices, pods: podsOf(name, owned, slices) };
    },
  };
}

/** The pods of a source are those that its selector selects while it is opted in. */
function followSelectors(services: ServiceIndex, pods: PodIndex): ServiceIndex {
  return {
    ...services,
    put(service) {
      const change = services.put(service);
      if (change !== null) pods.setSelector(service.name, isOptedIn(service) ? service.selector : null);
      return change;
    },
    remove(name) {
      pods.setSelector(name, null);
      return services.remove(name);
    },
  };
}
