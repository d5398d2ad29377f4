/**
 * renewBasis: makes the slice that is to hand its record over say what that is decided on.
 *
 * Two slices cannot be written at once. While another one takes the record, after a rename or a
 * change of the primary family, the old one would stand as it was. A function that ends between the
 * two writes would leave it so, and a view from before could still decide on it, past the newer
 * record (S9). After this patch such a view meets a conflict, and a newer one knows the new wish.
 *
 * Guarantees: pure. At most one patch for each change of the source, so a write that is refused for
 * good makes no loop.
 */

import { compareRevisions, isComparable } from './compareRevisions.ts';
import type { Decision, Leader } from './decision.ts';
import { addressOf } from './fitness.ts';
import { annotation } from './names.ts';
import { readRecord } from './record.ts';
import { toEndpoint, toEndpointView } from './sliceWrites.ts';
import type { SliceView, Snapshot } from './snapshot.ts';
import type { Write } from './write.ts';

/**
 * To be written before `writes`, which are then decided on again. None where they give no other
 * slice the record, or the one that has it knows this wish of the source.
 */
export function renewBasis(snapshot: Snapshot, { plan, leader }: Decision, writes: readonly Write[]): readonly Write[] {
  const primary = plan?.routes[0]?.sliceName;
  if (!writes.some((write) => 'resource' in write && write.resource === 'endpointslices' && write.name === primary))
    return [];
  const { slice } = readRecord(snapshot);
  if (snapshot.source === null || slice === null || slice.name === primary || slice.owner === null) return [];
  const { namespace, name, uid, resourceVersion } = slice;
  const { pods, services } = snapshot.revisions;
  const known = slice.annotations[annotation.servicesRevision] ?? '';
  // A hand may have taken the known one away.
  const isBefore = (revision: string): boolean =>
    isComparable(known) ? compareRevisions(known, revision) === 'older' : isComparable(revision);
  if (!isBefore(snapshot.source.resourceVersion) || !isBefore(services)) return [];
  const annotations = { [annotation.podsRevision]: pods, [annotation.servicesRevision]: services };
  const patch = { metadata: { uid, resourceVersion, annotations }, endpoints: endpointsOf(snapshot, slice, leader) };
  const target = { resource: 'endpointslices', stage: 'route', namespace, name, uid, resourceVersion } as const;
  return [{ ...target, kind: 'patch', patch }];
}

/** To the leader that the record names and that stays, else to no pod: the next write mends it. */
function endpointsOf(
  { candidates, namespace }: Snapshot,
  { annotations, spec }: SliceView,
  leader: Leader | null,
): readonly unknown[] {
  const pod = candidates.find(({ uid }) => uid === leader?.uid && uid === annotations[annotation.leaderPodUid]);
  if (pod === undefined || spec === null || spec.addressType === 'FQDN') return [];
  const address = addressOf(pod, spec.addressType);
  return address === null ? [] : [toEndpoint(toEndpointView(pod, address, namespace))];
}
