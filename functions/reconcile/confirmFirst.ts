/**
 * confirmFirst: lets a snapshot decide for a Service of which zen-lead owns nothing yet.
 * docs/decisions/hints.md
 *
 * No record fences such a snapshot (S9), and another function may have decided on newer state. So
 * when the slices have been made, empty, two small requests ask what may stand against it: that the
 * source has changed, or that another slice of it stands.
 *
 * Guarantees: true only where the source is as the snapshot shows it, and no slice of this source
 * stands but the empty ones. A change after these requests is one that any decision may meet.
 * Does not guarantee that the pods are the newest ones. No decision that stands used newer ones.
 */

import { endpointSlices, type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { label } from '../../lib/selection/names.ts';
import { findOwned } from '../../lib/selection/ownership.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { wantedServiceNames } from '../../lib/selection/wantedNames.ts';
import { listCollection } from './listParsed.ts';
import { readIfThere } from './readIfThere.ts';

/** Zen-lead owns nothing for this source, or this election of it, yet. */
export function isFirst(snapshot: Snapshot): boolean {
  if (snapshot.source === null) return false;
  const owned = findOwned(snapshot, wantedServiceNames(snapshot.source));
  // The first slot of a pool made the Service that all of them have.
  const isOfPool = (snapshot.election?.slot ?? 0) > 0;
  return (isOfPool || owned.services.length === 0) && owned.slices.length === 0;
}

/** `made`: the snapshot with the slices that were just made. */
export async function confirmFirst(api: KubeApi, made: Snapshot, signal: AbortSignal): Promise<boolean> {
  const { namespace, name, source } = made;
  const collection = { api, resource: endpointSlices, namespace, parse: parseSlice, signal };
  const [current, slices] = await Promise.all([
    readIfThere(api, { resource: services, namespace, name }, parseService, signal),
    listCollection(collection, `${label.sourceService}=${name}`),
  ]);
  if (current === null || !isSame(current, source)) return false;
  return slices.items.every((slice) => made.slices.some((each) => isSame(each, slice)));
}

interface Versioned {
  readonly uid: string;
  readonly resourceVersion: string;
}

function isSame(a: Versioned, b: Versioned | null): boolean {
  return b !== null && a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}
