/**
 * Partitions what a source owns between its elections, by label, and by name where an object has no
 * such label.
 *
 * Guarantees: pure. Each of our objects belongs to one election and slot; a leader Service to slot
 * 0. An object without these labels is of the one election of a source, so what was made before
 * there were several needs no change.
 */

import { label } from '../names.ts';
import { isOrphanService, isOrphanSlice, isOurService, isOurSlice } from '../ownership.ts';
import type { ServiceView, SliceView, Snapshot } from '../snapshot.ts';
import { type ElectionRef, electionKey, theElection } from './electionSettings.ts';

export interface Part {
  readonly ref: ElectionRef;
  readonly services: ServiceView[];
  readonly slices: SliceView[];
}

export interface Partition {
  /** By `electionKey`. */
  readonly parts: ReadonlyMap<string, Part>;
  /** What is not ours, and may be in the way. */
  readonly foreign: { readonly services: readonly ServiceView[]; readonly slices: readonly SliceView[] };
}

/** Whose a name is, where an object without label has it. */
export interface NameOwners {
  readonly services: ReadonlyMap<string, ElectionRef>;
  readonly slices: ReadonlyMap<string, ElectionRef>;
}

export function partition({ name, source, services, slices }: Snapshot, owners: NameOwners): Partition {
  const parts = new Map<string, Part>();
  const partOf = (ref: ElectionRef): Part => {
    const key = electionKey(ref);
    const part = parts.get(key) ?? { ref, services: [], slices: [] };
    parts.set(key, part);
    return part;
  };
  const foreignServices: ServiceView[] = [];
  for (const service of services) {
    if (isOurService(service, source?.uid) || isOrphanService(service, name))
      partOf(
        labelled(service.labels[label.election], undefined) ?? owners.services.get(service.name) ?? theElection,
      ).services.push(service);
    else foreignServices.push(service);
  }
  const foreignSlices: SliceView[] = [];
  for (const slice of slices) {
    if (isOurSlice(slice, source?.uid) || isOrphanSlice(slice))
      partOf(labelled(slice.election, slice.slot) ?? owners.slices.get(slice.name) ?? theElection).slices.push(slice);
    else foreignSlices.push(slice);
  }
  return { parts, foreign: { services: foreignServices, slices: foreignSlices } };
}

function labelled(election: string | undefined, slot: number | undefined): ElectionRef | null {
  return election === undefined && slot === undefined ? null : { election: election ?? '', slot: slot ?? 0 };
}

/** The pool has one leader Service. What is announced on it is of slot 0. */
export function servicesOf(ref: ElectionRef, parts: ReadonlyMap<string, Part>): readonly ServiceView[] {
  const services = parts.get(electionKey({ ...ref, slot: 0 }))?.services ?? [];
  if (ref.slot === 0) return services;
  return services
    .filter(({ labels }) => labels[label.role] === undefined)
    .map((service) => ({ ...service, annotations: {} }));
}
