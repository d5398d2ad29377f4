/**
 * Says what is ours. docs/reference/objects.md#what-is-ours: our label and our controller
 * ownerReference to the source's uid, both.
 *
 * S7 rests on this file: the rules never change or delete an object that is neither ours nor an
 * orphan here. Snapshots, rules, indexes and commands all ask this file.
 */

import { annotation, label, MANAGER, SLICE_MANAGER } from './names.ts';
import type { OwnerView, ServiceView, SliceView, Snapshot, Uid } from './snapshot.ts';

export function isControlledBy(object: { readonly owner: OwnerView | null }, uid: Uid | undefined): boolean {
  return object.owner !== null && object.owner.uid === uid;
}

export function isOurService(service: ServiceView, sourceUid: Uid | undefined): boolean {
  return isLabelledOurs(service) && isControlledBy(service, sourceUid);
}

export function isOurSlice(slice: SliceView, sourceUid: Uid | undefined): boolean {
  return isSliceManager(slice.managedBy) && isControlledBy(slice, sourceUid);
}

/**
 * An orphan is what `kubectl delete --cascade=orphan` leaves: our labels for a source of this name,
 * and no controller. The rules adopt it.
 */
export function isOrphanService(service: ServiceView, sourceName: string): boolean {
  return isLabelledOurs(service) && service.labels[label.sourceService] === sourceName && service.owner === null;
}

export function isOrphanSlice(slice: SliceView): boolean {
  return isSliceManager(slice.managedBy) && slice.owner === null;
}

/** Half of what makes a Service ours, and all that a label selector can ask for. */
export function isLabelledOurs(service: ServiceView): boolean {
  return service.labels[label.managedBy] === MANAGER;
}

/**
 * The other half for an EndpointSlice, by the value of its
 * `endpointslice.kubernetes.io/managed-by`.
 */
export function isSliceManager(managedBy: string | null): boolean {
  return managedBy === SLICE_MANAGER;
}

/** A leader slice carries the epoch, in every family; a followers slice does not. */
export function isLeaderSlice({ annotations }: SliceView): boolean {
  return annotations[annotation.epoch] !== undefined;
}

/**
 * The source that a Service with our label names: its controller, or its label where it has no
 * controller.
 */
export function sourceOfOurService(service: ServiceView): string | null {
  if (!isLabelledOurs(service)) return null;
  return service.owner === null ? (service.labels[label.sourceService] ?? null) : nameOfService(service.owner);
}

/** The source that one of our slices names as its controller. */
export function sourceOfOurSlice(slice: SliceView): string | null {
  return isSliceManager(slice.managedBy) && slice.owner !== null ? nameOfService(slice.owner) : null;
}

function nameOfService({ kind, name }: OwnerView): string | null {
  return kind === 'Service' ? name : null;
}

export interface Owned {
  readonly services: readonly ServiceView[];
  readonly slices: readonly SliceView[];
}

/**
 * Finds what is ours or left to us in a snapshot. An orphaned slice is left to us only where it
 * belongs to our Service, to our slice, or to a name that we want.
 */
export function findOwned(snapshot: Snapshot, wantedNames: readonly string[]): Owned {
  const sourceUid = snapshot.source?.uid;
  if (sourceUid === undefined) return { services: [], slices: [] };
  const services = snapshot.services.filter(
    (service) => isOurService(service, sourceUid) || isOrphanService(service, snapshot.name),
  );
  const isOurs = (slice: SliceView): boolean => isOurSlice(slice, sourceUid);
  const names = new Set<string | null>([
    ...wantedNames,
    ...services.map((service) => service.name),
    ...snapshot.slices.filter(isOurs).map((slice) => slice.serviceName),
  ]);
  const isLeftToUs = (slice: SliceView): boolean =>
    isOrphanSlice(slice) && slice.serviceName !== null && names.has(slice.serviceName);
  const slices = snapshot.slices.filter((slice) => isOurs(slice) || isLeftToUs(slice));
  return { services, slices };
}
