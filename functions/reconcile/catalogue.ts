/**
 * Catalogue: the sources of one namespace, and which objects and pods lead to each of them. Foreign
 * events ask it whom they concern.
 *
 * It is read without a pod, and built once for all events that wait. With the whole namespace for
 * each event, and a snapshot of each Service, 100 events about 5,000 pods blocked the event loop
 * for 11 s.
 *
 * Guarantees: consistent and complete lists of Services and of zen-lead's slices.
 */

import { endpointSlices, type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { label, SLICE_MANAGER } from '../../lib/selection/names.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import type { ServiceView, SliceView, Uid } from '../../lib/selection/snapshot.ts';
import { wantedServiceNames } from '../../lib/selection/wantedNames.ts';
import { listCollection } from './listParsed.ts';
import { leaderNamesOn } from './question.ts';

export interface CatalogueEntry {
  readonly source: ServiceView;
  /** Names of the Services that it wants. */
  readonly wanted: readonly string[];
  /** Names of the pods that a record or a route of it names. */
  readonly leaders: ReadonlySet<string>;
}

export interface Catalogue {
  /** Sorted by name. */
  readonly sources: readonly CatalogueEntry[];
  readonly services: ReadonlyMap<string, ServiceView>;
}

export async function readCatalogue(api: KubeApi, namespace: string, signal: AbortSignal): Promise<Catalogue> {
  const of = { api, namespace, signal };
  const slices = await listCollection(
    { ...of, resource: endpointSlices, parse: parseSlice },
    `${label.sliceManagedBy}=${SLICE_MANAGER}`,
  );
  const all = await listCollection({ ...of, resource: services, parse: parseService });
  return createCatalogue(all.items, slices.items);
}

/**
 * Any value of the opt-in makes a source, and so does any of our objects, so a misspelt opt-in and
 * an opt-out are reconciled too. An orphan counts for the source that wants its Service.
 */
export function createCatalogue(all: readonly ServiceView[], ourSlices: readonly SliceView[]): Catalogue {
  const leadersByOwner = new Map<Uid, Set<string>>();
  const leadersByOrphan = new Map<string, Set<string>>();
  for (const object of [...all, ...ourSlices]) {
    if (object.owner !== null) addAll(leadersByOwner, object.owner.uid, leaderNamesOn(object));
    else if ('spec' in object) addAll(leadersByOrphan, object.serviceName ?? '', leaderNamesOn(object));
  }
  const sources = all
    .filter((service) => isOptedIn(service) || leadersByOwner.has(service.uid))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((source) => {
      const wanted = wantedServiceNames(source);
      const left = wanted.flatMap((name) => [...(leadersByOrphan.get(name) ?? [])]);
      return { source, wanted, leaders: new Set([...(leadersByOwner.get(source.uid) ?? []), ...left]) };
    });
  return { sources, services: new Map(all.map((service) => [service.name, service])) };
}

function addAll<K>(sets: Map<K, Set<string>>, key: K, names: readonly string[]): void {
  const set = sets.get(key) ?? new Set<string>();
  sets.set(key, set);
  for (const name of names) set.add(name);
}
