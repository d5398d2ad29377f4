/**
 * affected: maps a change in the store to the source Services that it concerns.
 *
 * Guarantees: each source at most once a change. Pure, and no longer than the sources concerned,
 * whatever the size of the namespace.
 * Does not guarantee that a reconcile is needed. What we own also changes by our own writes, and a
 * watch does not say who wrote. The change of a route arrives here as `drifted` in the low lane,
 * and its reconcile is the one that announces (docs/architecture.md#queue).
 */

import type { Change, ReconcileType } from '../../lib/events/reconcileEvent.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import { sourceOfOurService, sourceOfOurSlice } from '../../lib/selection/ownership.ts';
import { type PodView, type ServiceView, type SliceView, serviceKey } from '../../lib/selection/snapshot.ts';
import type { Lane } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import type { LeaderConcern } from './leaderConcern.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';
import type { NodeChange } from './nodeChecks.ts';
import type { VerdictChange } from './observer.ts';
import { laneOfOurSlice, laneOfPod, laneOfVerdict } from './urgency.ts';

/** A change in the store, and what it is of. */
export type LeaderChange =
  | { readonly of: 'Pod'; readonly change: ObjectChange<PodView> }
  | { readonly of: 'Service'; readonly change: ObjectChange<ServiceView> }
  | { readonly of: 'EndpointSlice'; readonly change: ObjectChange<SliceView> }
  /** `leaderFails`: by the same observer, right after the change. */
  | { readonly of: 'Verdict'; readonly change: VerdictChange; readonly leaderFails: boolean }
  | { readonly of: 'Node'; readonly change: NodeChange };

/** `index`: of the namespace of the object. `observedAt`: epoch milliseconds. */
export function affected(seen: LeaderChange, index: NamespaceIndex, observedAt: number): readonly LeaderConcern[] {
  switch (seen.of) {
    case 'Pod':
      return affectedByPod(seen.change, index, observedAt);
    case 'Service':
      return affectedByService(seen.change, index, observedAt);
    case 'EndpointSlice':
      return affectedBySlice(seen.change, index, observedAt);
    case 'Verdict':
      return affectedByVerdict(seen.change, seen.leaderFails, index, observedAt);
    case 'Node':
      return [affectedByNode(seen.change, observedAt)];
  }
}

/** The Service whose check it is. */
function affectedByVerdict(
  change: VerdictChange,
  leaderFails: boolean,
  index: NamespaceIndex,
  observedAt: number,
): readonly LeaderConcern[] {
  const { source, podName, podUid } = change;
  const seen: Change = { kind: 'Pod', name: podName, uid: podUid, verb: 'checked' };
  const lane = laneOfVerdict(change, leaderFails, index);
  return [{ ...concern(source.namespace, source.name, 'io.zen-lead.pod.checked', seen, observedAt), lane }];
}

/** The Service whose pod is on that node. */
function affectedByNode({ source, podName, podUid, lane }: NodeChange, observedAt: number): LeaderConcern {
  const seen: Change = { kind: 'Pod', name: podName, uid: podUid, verb: 'checked' };
  return { ...concern(source.namespace, source.name, 'io.zen-lead.pod.checked', seen, observedAt), lane };
}

/** Sources that select the pod, did so before, or have it as their leader. */
function affectedByPod(
  change: ObjectChange<PodView>,
  index: NamespaceIndex,
  observedAt: number,
): readonly LeaderConcern[] {
  const { object } = change;
  const sources = new Set([...index.pods.selecting(object.labels), ...index.ourSlices.ledBy(object.name)]);
  if (change.kind === 'modified')
    for (const source of index.pods.selecting(change.previous.labels)) sources.add(source);
  const seen: Change = { kind: 'Pod', name: object.name, uid: object.uid, verb: change.kind };
  return [...sources].map((source) => ({
    ...concern(object.namespace, source, `io.zen-lead.pod.${change.kind}`, seen, observedAt),
    lane: laneOfPod(change, source, index),
  }));
}

/** The Service itself, the source that it was made for, and the sources that want its name. */
function affectedByService(
  change: ObjectChange<ServiceView>,
  index: NamespaceIndex,
  observedAt: number,
): readonly LeaderConcern[] {
  const { object } = change;
  const views = change.kind === 'modified' ? [object, change.previous] : [object];
  const seen: Change = {
    kind: 'Service',
    name: object.name,
    uid: object.uid,
    resourceVersion: object.resourceVersion,
    verb: change.kind,
  };
  const asSeen: ReconcileType = `io.zen-lead.service.${change.kind}`;
  const found = new Map<string, LeaderConcern>();
  const add = (source: string, type: ReconcileType, lane: Lane): void => {
    if (!found.has(source)) found.set(source, { ...concern(object.namespace, source, type, seen, observedAt), lane });
  };

  if (views.some(isOptedIn) || index.isSource(object.name)) add(object.name, asSeen, 'change');
  // Gone, or given a selector: we never do that (docs/reference/objects.md#what-is-ours, the one
  // exception).
  const isBroken = change.kind === 'deleted' || Object.keys(object.selector ?? {}).length > 0;
  for (const source of views.map(sourceOfOurService))
    if (source !== null) add(source, 'io.zen-lead.service.drifted', isBroken ? 'change' : 'low');
  // It has lost our label, and our slices still route for it.
  for (const source of index.ourSlices.routingFor(object.name)) add(source, 'io.zen-lead.service.drifted', 'change');
  for (const source of index.services.wanting(object.name)) add(source, asSeen, 'change');
  return [...found.values()];
}

/**
 * The source that it was made for, and the sources that want or have the Service name that it
 * carries or is named after.
 */
function affectedBySlice(
  change: ObjectChange<SliceView>,
  index: NamespaceIndex,
  observedAt: number,
): readonly LeaderConcern[] {
  const { object } = change;
  const seen: Change = {
    kind: 'EndpointSlice',
    name: object.name,
    uid: object.uid,
    resourceVersion: object.resourceVersion,
    verb: change.kind,
  };
  const found = new Map<string, LeaderConcern>();
  const add = (source: string, lane: Lane): void => {
    const made = concern(object.namespace, source, 'io.zen-lead.service.drifted', seen, observedAt);
    if (!found.has(source)) found.set(source, { ...made, lane });
  };

  for (const view of change.kind === 'modified' ? [object, change.previous] : [object]) {
    const source = sourceOfOurSlice(view);
    if (source !== null) add(source, laneOfOurSlice(change, source, index));
    const serviceNames = new Set([view.serviceName, ...servicesNamedBySlice(view.name)]);
    for (const serviceName of serviceNames) {
      if (serviceName === null) continue;
      for (const wanting of index.services.wanting(serviceName)) add(wanting, 'change');
      const ours = index.services.byName.get(serviceName);
      const owner = ours === undefined ? null : sourceOfOurService(ours);
      if (owner !== null) add(owner, 'change');
    }
  }
  return [...found.values()];
}

/** The Services of which a slot's slice (`sliceName` of lib/selection) has this name. */
function servicesNamedBySlice(name: string): readonly string[] {
  const [, alone] = /^(.+)-ipv[46]$/.exec(name) ?? [];
  if (alone === undefined) return [];
  const [, ofPool] = /^(.+)-\d{1,2}$/.exec(alone) ?? [];
  return ofPool === undefined ? [alone] : [alone, ofPool];
}

function concern(
  namespace: string,
  name: string,
  type: ReconcileType,
  change: Change,
  observedAt: number,
): Omit<LeaderConcern, 'lane'> {
  return { key: serviceKey(namespace, name), namespace, name, type, change, observedAt };
}
