/**
 * Removes those of our objects that have to go after opt-out or a rename, and what Kubernetes left
 * behind after a selector. docs/reference/objects.md#what-is-ours.
 */

import { compareText } from './compareText.ts';
import type { Plan } from './decision.ts';
import { followerSlices } from './followerWrites.ts';
import { annotation, label } from './names.ts';
import { isControlledBy } from './ownership.ts';
import { withoutRecord } from './routeWrites.ts';
import { ownerReference } from './serviceWrites.ts';
import type { Situation } from './situation.ts';
import type { ServiceView, SliceView } from './snapshot.ts';
import type { Stage, Write } from './write.ts';

/**
 * Removes everything after opt-out. The routes go first. The leader Service, which records what has
 * been announced, goes in the next stage.
 */
export function removeAll({ owned }: Situation): readonly Write[] {
  return [...removeSlices(owned.slices, 'route'), ...removeServices(owned.services, 'follow')];
}

/**
 * Removes our slices after a refusal. What stands in the way has taken the name, and no reconcile
 * updates our objects that are left, so they must not go on routing.
 */
export function detachSlices({ owned }: Situation): readonly Write[] {
  return removeSlices(owned.slices, 'route');
}

/**
 * Removes whatever is ours and no longer planned. Another slice has the record by then, so one that
 * stays loses its own. Where a hand deletes the newer record, the older one would count on, and
 * issue its epochs again (S4).
 */
export function removeUnplanned(situation: Situation, plan: Plan): readonly Write[] {
  const { owned, source } = situation;
  const isFollowers = (service: ServiceView): boolean => service.labels[label.role] === 'followers';
  const keptServices = new Set([plan.leaderServiceName]);
  const keptSlices = new Set(plan.routes.map((route) => route.sliceName));
  if (plan.followers === 'keep') {
    const names = owned.services.filter(isFollowers).map((service) => service.name);
    for (const name of names) keptServices.add(name);
    for (const slice of owned.slices) if (names.includes(slice.serviceName ?? '')) keptSlices.add(slice.name);
  } else if (plan.followers !== null) {
    keptServices.add(plan.followers.service.name);
    for (const slice of followerSlices(situation, plan.followers)) keptSlices.add(slice.name);
  }
  const services = owned.services.filter((service) => !keptServices.has(service.name));
  const slices = owned.slices.filter((slice) => !keptSlices.has(slice.name));
  return [
    ...removeSlices(slices, 'route', withoutRecord),
    ...(source.terminating ? [] : adoptOrphans(slices, source)),
    ...removeServices(services, 'route'),
  ];
}

const ENDPOINT_SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';
const MIRRORING_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';

/**
 * The one exception to S7. A user gave the leader Service a selector, and Kubernetes made a slice
 * and an Endpoints object from it. Both stay when the selector goes, and keep routing to dead pods
 * (kubernetes/kubernetes#91072). The mirrored slices follow their Endpoints object by themselves.
 */
export function removeControllerLeftovers({ snapshot, source, owned }: Situation, plan: Plan): readonly Write[] {
  const service = owned.services.find(({ name }) => name === plan.leaderServiceName);
  if (service === undefined || plan.service === null) return [];
  const attached = snapshot.slices.filter((slice) => slice.serviceName === service.name);
  const made = attached.filter(
    (each) => each.managedBy === ENDPOINT_SLICE_CONTROLLER && isControlledBy(each, service.uid),
  );
  const target = { namespace: source.namespace, name: service.name, kind: 'deleteControllerEndpoints' } as const;
  const isMade = Object.keys(service.selector ?? {}).length > 0 || made.length > 0;
  if (isMade) return [...removeSlices(made, 'route'), { ...target, stage: 'route' }];
  // A mirrored slice alone may come from an Endpoints object that a user made, and that stays.
  // Looking for the controller's must not keep everything else waiting for good.
  const isMirrored = attached.some((slice) => slice.managedBy === MIRRORING_CONTROLLER);
  return isMirrored ? [{ ...target, stage: 'follow' }] : [];
}

type Strip = (annotations: SliceView['annotations']) => Readonly<Record<string, null>>;

/**
 * Removes only what has our ownerReference; an orphan without an adopter stays. The record goes
 * last, so that no secondary's epoch is above it (S1). `strip`: what a slice that waits for a
 * finalizer loses.
 */
function removeSlices(slices: readonly SliceView[], stage: Stage, strip: Strip = () => ({})): readonly Write[] {
  const isRecord = (slice: SliceView): number => Number(slice.annotations[annotation.podsRevision] !== undefined);
  return slices
    .filter((slice) => slice.owner !== null)
    .toSorted((a, b) => isRecord(a) - isRecord(b) || compareText(a.name, b.name))
    .flatMap((slice) => removeSlice(slice, stage, strip));
}

/** A slice that waits for a finalizer routes until it is gone, so it routes to no pod. */
function removeSlice(slice: SliceView, stage: Stage, strip: Strip): readonly Write[] {
  const { namespace, name, uid, resourceVersion, terminating, spec } = slice;
  if (!terminating)
    return [{ resource: 'endpointslices', stage, namespace, name, uid, resourceVersion, kind: 'delete' }];
  const annotations = strip(slice.annotations);
  const isEmpty = (spec?.endpoints ?? []).length === 0 && Object.keys(annotations).length === 0;
  return isEmpty ? [] : [emptySlice(slice, stage, annotations)];
}

/**
 * The next reconcile deletes them. The guard (deploy/guard) lets zen-lead delete only what has its
 * ownerReference.
 */
function adoptOrphans(slices: readonly SliceView[], source: ServiceView): readonly Write[] {
  return slices
    .filter(({ owner }) => owner === null)
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((slice) => emptySlice(slice, 'route', withoutRecord(slice.annotations), [ownerReference(source)]));
}

function emptySlice(
  { namespace, name, uid, resourceVersion }: SliceView,
  stage: Stage,
  annotations: Readonly<Record<string, null>>,
  ownerReferences?: readonly unknown[],
): Write {
  const metadata = {
    uid,
    resourceVersion,
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(ownerReferences !== undefined && { ownerReferences }),
  };
  const target = { resource: 'endpointslices', stage, namespace, name, uid, resourceVersion } as const;
  return { ...target, kind: 'patch', patch: { metadata, endpoints: [] } };
}

function removeServices(services: readonly ServiceView[], stage: Stage): readonly Write[] {
  return services
    .filter((service) => !service.terminating && service.owner !== null)
    .toSorted((a, b) => compareText(a.name, b.name))
    .map(({ namespace, name, uid, resourceVersion }) => ({
      kind: 'delete',
      resource: 'services',
      stage,
      namespace,
      name,
      uid,
      resourceVersion,
    }));
}
