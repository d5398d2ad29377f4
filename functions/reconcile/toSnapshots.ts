/**
 * toSnapshots: files once what was read of a namespace, and builds of it the snapshot of each
 * Service that waits. Without that each of them looked at every pod, Service and slice.
 *
 * Guarantees: the snapshots that `buildSnapshot` makes of the whole read; the order of their lists
 * may differ, and nothing depends on it.
 */

import { buildSnapshot } from '../../lib/selection/buildSnapshot.ts';
import { lookUpState, type StateIndex } from '../../lib/selection/lookUpState.ts';
import { label } from '../../lib/selection/names.ts';
import { isLabelledOurs, isSliceManager } from '../../lib/selection/ownership.ts';
import { selects } from '../../lib/selection/selects.ts';
import type { PodView, Snapshot } from '../../lib/selection/snapshot.ts';
import type { NamespaceRead } from './readState.ts';

/** The pods of one workload have their labels in common. */
interface LabelSet {
  readonly labels: PodView['labels'];
  readonly pods: readonly PodView[];
}

export function toSnapshots(state: NamespaceRead): (name: string) => Snapshot {
  const { namespace, revisions } = state;
  const index = toIndex(state);
  return (name) => buildSnapshot({ ...lookUpState(name, index), namespace, revisions });
}

function toIndex({ pods, services, slices }: NamespaceRead): StateIndex {
  const serviceByName = new Map(services.map((service) => [service.name, service]));
  const labelled = services.filter(isLabelledOurs);
  const controlled = Map.groupBy(labelled, ({ owner }) => owner?.uid);
  const left = Map.groupBy(
    labelled.filter(({ owner }) => owner === null),
    ({ labels }) => labels[label.sourceService],
  );
  const ourSlices = Map.groupBy(
    slices.filter(({ managedBy }) => isSliceManager(managedBy)),
    ({ owner }) => owner?.uid,
  );
  const slicesByName = Map.groupBy(slices, ({ name }) => name);
  const slicesByService = Map.groupBy(slices, ({ serviceName }) => serviceName);
  const podByUid = new Map<string, PodView>(pods.map((pod) => [pod.uid, pod]));
  const setsByPair = fileByPair(pods);
  /** Of a source that is gone, nothing is controlled. */
  const ofSource = <T>(groups: ReadonlyMap<string | undefined, readonly T[]>, source: string): readonly T[] => {
    const uid = serviceByName.get(source)?.uid;
    return uid === undefined ? [] : (groups.get(uid) ?? []);
  };
  return {
    service: (name) => serviceByName.get(name),
    ourServices: (source) => [...ofSource(controlled, source), ...(left.get(source) ?? [])].map(({ name }) => name),
    ourSlices: (source) => ofSource(ourSlices, source),
    slicesNamed: (name) => slicesByName.get(name) ?? [],
    slicesCarrying: (serviceName) => slicesByService.get(serviceName) ?? [],
    selectedPods: (source) => podsOf(serviceByName.get(source)?.selector ?? {}, setsByPair),
    namedPod: ({ uid }) => (uid === undefined ? undefined : podByUid.get(uid)),
  };
}

type SetsByPair = ReadonlyMap<string, ReadonlyMap<string, readonly LabelSet[]>>;

/** Label key -> value -> what has that label. No more entries than the pods have labels. */
function fileByPair(pods: readonly PodView[]): SetsByPair {
  const setsByPair = new Map<string, Map<string, LabelSet[]>>();
  for (const [labels, having] of Map.groupBy(pods, (pod) => pod.labels))
    for (const [key, value] of Object.entries(labels)) {
      const byValue = setsByPair.get(key) ?? new Map<string, LabelSet[]>();
      const sets = byValue.get(value) ?? [];
      sets.push({ labels, pods: having });
      setsByPair.set(key, byValue.set(value, sets));
    }
  return setsByPair;
}

/** Looks at those alone that have the rarest label of the selector. */
function podsOf(selector: Readonly<Record<string, string>>, setsByPair: SetsByPair): ReadonlyMap<string, PodView> {
  const [first = [], ...others] = Object.entries(selector).map(([key, value]) => setsByPair.get(key)?.get(value) ?? []);
  const fewest = others.reduce((best, sets) => (sets.length < best.length ? sets : best), first);
  const selected = fewest.filter(({ labels }) => selects(selector, labels));
  return new Map(selected.flatMap((set) => set.pods).map((pod) => [pod.name, pod]));
}
