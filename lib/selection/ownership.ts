/**
 * What is ours. docs/reference/objects.md: our label and our controller ownerReference to the source's uid, both.
 *
 * S7 rests on this file: nothing that is not `ours` or an `orphan` here is ever changed or deleted.
 */

import { label, MANAGER, SLICE_MANAGER } from './names.ts';
import type { ServiceView, SliceView, Snapshot, Uid } from './snapshot.ts';

export function isOurService(service: ServiceView, sourceUid: Uid): boolean {
  return service.labels[label.managedBy] === MANAGER && service.owner?.uid === sourceUid;
}

export function isOurSlice(slice: SliceView, sourceUid: Uid): boolean {
  return slice.managedBy === SLICE_MANAGER && slice.owner?.uid === sourceUid;
}

/** Left by `kubectl delete --cascade=orphan`: our labels for a source of this name, and no controller. To be adopted. */
export function isOrphanService(service: ServiceView, sourceName: string): boolean {
  return (
    service.labels[label.managedBy] === MANAGER &&
    service.labels[label.sourceService] === sourceName &&
    service.owner === null
  );
}

export function isOrphanSlice(slice: SliceView): boolean {
  return slice.managedBy === SLICE_MANAGER && slice.owner === null;
}

export interface Owned {
  readonly services: readonly ServiceView[];
  readonly slices: readonly SliceView[];
}

/** What is ours or left to us in a snapshot; orphaned slices only where they belong to a Service or a slice of ours, or to a name we want. */
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
