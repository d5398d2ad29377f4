/**
 * SliceIndex: the EndpointSlices of one namespace that one watch delivers. Part of the store.
 *
 * The store keeps one for ours and one for the others, because each belongs to a watch of its own.
 * A slice whose label changes leaves one watch and enters the other, in an order that Kubernetes
 * does not promise.
 */

import { annotation } from '../../lib/selection/names.ts';
import { isLeaderSlice, sourceOfOurSlice } from '../../lib/selection/ownership.ts';
import type { SliceView } from '../../lib/selection/snapshot.ts';
import { createObjectIndex, type ObjectIndex } from '../watch/objectIndex.ts';
import { createMultiMap } from './multiMap.ts';

export interface SliceIndex extends ObjectIndex<SliceView> {
  /** Our slices whose controller is this source. */
  oursFor(source: string): ReadonlySet<string>;
  sourcesWithOurs(): Iterable<string>;
  /** Slices with this `kubernetes.io/service-name`. */
  carrying(serviceName: string): ReadonlySet<string>;
  /** Sources whose own slices carry this `kubernetes.io/service-name`. */
  routingFor(serviceName: string): readonly string[];
  /** Sources whose recorded leader, or whose route, names this pod. */
  ledBy(podName: string): ReadonlySet<string>;
}

export function createSliceIndex(): SliceIndex {
  const ours = createMultiMap();
  const carrying = createMultiMap();
  const leading = createMultiMap();

  const index = createObjectIndex<SliceView>({
    file(slice) {
      if (slice.serviceName !== null) carrying.add(slice.serviceName, slice.name);
      const source = sourceOfOurSlice(slice);
      if (source === null) return;
      ours.add(source, slice.name);
      for (const podName of leaderNames(slice)) leading.add(podName, source);
    },
    unfile(slice) {
      if (slice.serviceName !== null) carrying.delete(slice.serviceName, slice.name);
      const source = sourceOfOurSlice(slice);
      if (source === null) return;
      ours.delete(source, slice.name);
      for (const podName of leaderNames(slice)) leading.delete(podName, source);
      // The other family's slice names the same pod, and stays filed.
      for (const other of ours.get(source)) {
        const view = index.byName.get(other);
        if (view !== undefined) for (const podName of leaderNames(view)) leading.add(podName, source);
      }
    },
  });

  const routingFor = (serviceName: string): readonly string[] =>
    [...carrying.get(serviceName)].flatMap((name) => {
      const slice = index.byName.get(name);
      return (slice === undefined ? null : sourceOfOurSlice(slice)) ?? [];
    });
  return {
    ...index,
    routingFor,
    oursFor: ours.get,
    sourcesWithOurs: ours.keys,
    carrying: carrying.get,
    ledBy: leading.get,
  };
}

function leaderNames(slice: SliceView): readonly string[] {
  if (!isLeaderSlice(slice)) return [];
  const recorded = slice.annotations[annotation.leaderPodName];
  const routed = (slice.spec?.endpoints ?? []).flatMap((endpoint) => endpoint.targetRef?.name ?? []);
  return recorded === undefined ? routed : [recorded, ...routed];
}
