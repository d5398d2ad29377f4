/**
 * NamespaceIndex: what the store knows of one namespace, and the questions that `affected` and
 * `toCloudEvent` ask of it.
 *
 * Guarantees: `stateOf` is a superset of what `buildSnapshot` keeps, found without reading the
 * whole namespace.
 */

import type { NamespaceState } from '../../lib/selection/buildSnapshot.ts';
import { electionKey } from '../../lib/selection/elections/electionSettings.ts';
import { lookUpState, type StateIndex } from '../../lib/selection/lookUpState.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import { isLeaderSlice } from '../../lib/selection/ownership.ts';
import type { SliceView, Uid } from '../../lib/selection/snapshot.ts';
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
  const slicesNamed = (names: Iterable<string>, { byName }: SliceIndex): readonly SliceView[] =>
    [...names].flatMap((each) => byName.get(each) ?? []);

  const lookups: StateIndex = {
    service: (name) => services.byName.get(name),
    ourServices: services.oursFor,
    ourSlices: (source) => slicesNamed(ourSlices.oursFor(source), ourSlices),
    slicesNamed: (name) => sliceIndexes.flatMap(({ byName }) => byName.get(name) ?? []),
    slicesCarrying: (serviceName) => sliceIndexes.flatMap((index) => slicesNamed(index.carrying(serviceName), index)),
    selectedPods: pods.members,
    namedPod: ({ name }) => (name === undefined ? undefined : pods.byName.get(name)),
  };

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
    stateOf: (name) => lookUpState(name, lookups),
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
