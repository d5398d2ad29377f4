/**
 * LeaderWrite: one write of a leader slice by a function, with the state that its record names.
 *
 * The record names the revisions of pods and Services, and the history has those states exactly. So
 * a check compares the write with the state that was known, not with the present one.
 */

import { parsePod } from '../../../lib/kube/parsePod.ts';
import { parseService } from '../../../lib/kube/parseService.ts';
import { annotation, label } from '../../../lib/selection/names.ts';
import type { PodView, ServiceView } from '../../../lib/selection/snapshot.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, controllerOf, type Endpoint, electionOf, endpointsOf, type KubeObject } from '../kubeObject.ts';

/** What was known, if it was known in this era of etcd. */
export interface Basis {
  readonly pods: readonly PodView[];
  readonly source: ServiceView | null;
}

export interface LeaderWrite {
  readonly before: KubeObject | null;
  readonly after: KubeObject;
  readonly sourceUid: string;
  /** Which election and slot of the source. */
  readonly election: string;
  readonly sourceName: string;
  /** It holds the record. */
  readonly isPrimary: boolean;
  readonly endpoints: readonly Endpoint[];
  readonly leaderUid: string | undefined;
  readonly previousUid: string | undefined;
  readonly epoch: number;
  readonly podsRevision: string | undefined;
  readonly servicesRevision: string | undefined;
  /** One for each era in which those revisions have been. */
  readonly bases: readonly Basis[];
}

const podViews = new WeakMap<KubeObject, PodView>();
const serviceViews = new WeakMap<KubeObject, ServiceView>();

/** An object of a history never changes, so it is parsed once. */
function viewOf<T>(parse: (object: KubeObject) => T, views: WeakMap<KubeObject, T>): (object: KubeObject) => T {
  return (object) => {
    const view = views.get(object) ?? parse(object);
    views.set(object, view);
    return view;
  };
}

/** Null when it is not a leader slice, or is gone. */
export function toLeaderWrite(
  { plural, request, before, after }: ObservedWrite,
  { history }: Etcd,
): LeaderWrite | null {
  const epoch = annotationOf(after, annotation.epoch);
  // A slice that waits for a finalizer routes on after its deletion, which decides nothing.
  if (plural !== 'endpointslices' || request.verb === 'delete' || after === null || epoch === undefined) return null;
  const owner = controllerOf(after);
  const podsRevision = annotationOf(after, annotation.podsRevision);
  const servicesRevision = annotationOf(after, annotation.servicesRevision);
  const podLists = history.listsAt('pods', Number(podsRevision ?? Number.NaN));
  const serviceLists = history.listsAt('services', Number(servicesRevision ?? Number.NaN));
  // A slice whose owner was taken away names its source by a label alone.
  const named = after.metadata.labels?.[label.sourceService];
  const sources = serviceLists.map((list) =>
    list.find(({ metadata }) => (owner === undefined ? metadata.name === named : metadata.uid === owner.uid)),
  );
  const sourceUid = owner?.uid ?? sources.find((source) => source !== undefined)?.metadata.uid ?? '';
  return {
    before,
    after,
    sourceUid,
    election: electionOf(after),
    sourceName: owner?.name ?? named ?? '',
    isPrimary: podsRevision !== undefined,
    endpoints: endpointsOf(after),
    leaderUid: annotationOf(after, annotation.leaderPodUid),
    previousUid: annotationOf(before, annotation.leaderPodUid),
    epoch: Number(epoch),
    podsRevision,
    servicesRevision,
    bases: podLists.flatMap((list) =>
      sources.map((source) => ({
        pods: list.map(viewOf(parsePod, podViews)),
        source: source === undefined ? null : viewOf(parseService, serviceViews)(source),
      })),
    ),
  };
}
