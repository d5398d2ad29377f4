/**
 * buildSnapshot: picks from the state of a namespace what one decision depends on.
 *
 * The bridge and the functions both build snapshots here, so that both decide on the same thing.
 * The state may be everything in the namespace, or any superset of what belongs.
 */

import { type CandidateCondition, conditionOf, readinessOf } from './candidateCondition.ts';
import { annotation } from './names.ts';
import { isOrphanService, isOrphanSlice, isOurService, isOurSlice } from './ownership.ts';
import { selects } from './selects.ts';
import type { Candidate, PodView, Revisions, ServiceView, SliceView, Snapshot } from './snapshot.ts';
import { wantedServiceNames, wantedSliceNames } from './wantedNames.ts';

export interface NamespaceState {
  readonly namespace: string;
  readonly name: string;
  readonly source: ServiceView | null;
  readonly pods: Iterable<PodView>;
  readonly services: Iterable<ServiceView>;
  readonly slices: Iterable<SliceView>;
  readonly revisions: Revisions;
}

export function buildSnapshot(state: NamespaceState): Snapshot {
  const { source } = state;
  const wanted = source === null ? [] : wantedServiceNames(source);
  const allSlices = [...state.slices];
  // A Service that our slices route for belongs, also when it lost our label or when another owner
  // took its name.
  const routed = allSlices
    .filter((slice) => isOurSlice(slice, source?.uid))
    .flatMap(({ serviceName }) => serviceName ?? []);
  const names = new Set([...wanted, ...routed]);
  const services = [...state.services].filter((service) => belongsService(service, state, names));
  for (const service of services) names.add(service.name);
  const slices = belongingSlices(allSlices, state, names).map((slice) => withoutForeignSpec(slice, source));
  const leaderUids = new Set(slices.map((slice) => slice.annotations[annotation.leaderPodUid]));
  for (const slice of slices)
    for (const endpoint of slice.spec?.endpoints ?? []) leaderUids.add(endpoint.targetRef?.uid);
  for (const service of services) leaderUids.add(service.annotations[annotation.leaderPodUid]);

  const condition = conditionOf(source?.annotations);
  const candidates: Candidate[] = [];
  for (const pod of state.pods) {
    const selected = source !== null && selects(source.selector, pod.labels);
    if (selected || leaderUids.has(pod.uid)) candidates.push(toCandidate(pod, selected, condition));
  }
  return {
    namespace: state.namespace,
    name: state.name,
    source,
    candidates,
    services,
    slices,
    revisions: state.revisions,
  };
}

function belongsService(service: ServiceView, state: NamespaceState, names: ReadonlySet<string>): boolean {
  if (service.name === state.name) return false;
  return names.has(service.name) || isOurService(service, state.source?.uid) || isOrphanService(service, state.name);
}

/**
 * Picks our slices by owner, and every slice whose name or `kubernetes.io/service-name` is one that
 * we want or own.
 */
function belongingSlices(
  all: readonly SliceView[],
  state: NamespaceState,
  serviceNames: ReadonlySet<string>,
): readonly SliceView[] {
  const names = new Set(serviceNames);
  names.delete(state.name);
  const sliceNames = new Set([...names].flatMap((name) => wantedSliceNames(name, state.source)));
  return all.filter(
    (slice) =>
      isOurSlice(slice, state.source?.uid) ||
      sliceNames.has(slice.name) ||
      (slice.serviceName !== null && names.has(slice.serviceName)),
  );
}

/**
 * Keeps only the metadata of a slice that carries our label and has another controller. The rules
 * read no more of it, and a tenant can fill it with a thousand endpoints.
 */
function withoutForeignSpec(slice: SliceView, source: ServiceView | null): SliceView {
  if (slice.spec === null || isOurSlice(slice, source?.uid) || isOrphanSlice(slice)) return slice;
  return { ...slice, spec: null };
}

function toCandidate(pod: PodView, selected: boolean, condition: CandidateCondition): Candidate {
  const {
    namespace: _namespace,
    labels: _labels,
    hostNetwork: _hostNetwork,
    hostIp: _hostIp,
    containers,
    ...rest
  } = pod;
  if (condition === 'Ready' || containers === undefined) return { ...rest, selected };
  const { readyChangedAt: _readyChangedAt, ...others } = rest;
  const { ready, readyChangedAt } = readinessOf(pod, condition);
  return { ...others, ready, ...(readyChangedAt !== undefined && { readyChangedAt }), selected };
}
