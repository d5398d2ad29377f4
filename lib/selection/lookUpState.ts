/**
 * lookUpState: asks an index of a namespace for what the snapshot of one Service needs, so that not
 * everything in the namespace is looked at. The bridge keeps such an index, and a function makes
 * one of a namespace that it has read.
 *
 * Guarantees: a superset of what `buildSnapshot` keeps, as far as the index finds what is asked of
 * it. Each object once.
 */

import type { NamespaceState } from './buildSnapshot.ts';
import { annotation } from './names.ts';
import type { PodView, ServiceView, SliceView } from './snapshot.ts';
import { wantedServiceNames, wantedSliceNames } from './wantedNames.ts';

export interface StateIndex {
  service(name: string): ServiceView | undefined;
  /** Names of our Services for this source. */
  ourServices(source: string): Iterable<string>;
  /** Our slices whose controller is this source. */
  ourSlices(source: string): readonly SliceView[];
  slicesNamed(name: string): readonly SliceView[];
  /** Slices with this `kubernetes.io/service-name`. */
  slicesCarrying(serviceName: string): readonly SliceView[];
  /** The pods that a source selects, by name. */
  selectedPods(source: string): ReadonlyMap<string, PodView>;
  /** A pod that a record or a route names. */
  namedPod(named: NamedPod): PodView | undefined;
}

/** An index may go by either. */
export interface NamedPod {
  readonly name: string | undefined;
  readonly uid: string | undefined;
}

export function lookUpState(name: string, index: StateIndex): Omit<NamespaceState, 'revisions' | 'namespace'> {
  const source = index.service(name) ?? null;
  const ourSlices = index.ourSlices(name);
  const serviceNames = new Set([
    ...(source === null ? [] : wantedServiceNames(source)),
    ...index.ourServices(name),
    ...ourSlices.flatMap(({ serviceName }) => serviceName ?? []),
  ]);
  const services = [...serviceNames].flatMap((each) => index.service(each) ?? []);
  const slices = slicesOf(ourSlices, serviceNames, source, index);
  return { name, source, services, slices, pods: podsOf(name, services, slices, index) };
}

function slicesOf(
  ourSlices: readonly SliceView[],
  serviceNames: Iterable<string>,
  source: ServiceView | null,
  index: StateIndex,
): readonly SliceView[] {
  const found = new Map(ourSlices.map((slice) => [slice.uid, slice]));
  for (const serviceName of serviceNames) {
    const named = wantedSliceNames(serviceName, source).flatMap((each) => index.slicesNamed(each));
    for (const slice of [...named, ...index.slicesCarrying(serviceName)])
      if (!found.has(slice.uid)) found.set(slice.uid, slice);
  }
  return [...found.values()];
}

/**
 * Those that the source selects, and those that a record or a route names, which may have lost
 * their label.
 */
function podsOf(
  name: string,
  services: readonly ServiceView[],
  slices: readonly SliceView[],
  index: StateIndex,
): Iterable<PodView> {
  const found = new Map(index.selectedPods(name));
  const recorded = [...services, ...slices].map(({ annotations }) => ({
    name: annotations[annotation.leaderPodName],
    uid: annotations[annotation.leaderPodUid],
  }));
  const routed = slices.flatMap((slice) => (slice.spec?.endpoints ?? []).flatMap(({ targetRef }) => targetRef ?? []));
  for (const each of [...recorded, ...routed]) {
    const pod = index.namedPod(each);
    if (pod !== undefined) found.set(pod.name, pod);
  }
  return found.values();
}
