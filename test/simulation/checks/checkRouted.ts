/**
 * Checks what losing the bridge that sends first may cost. Within the bound each route is what the
 * rules wanted at both ends of it. What they want later (a delay that the user set) is not late.
 */

import { assess } from '../../../lib/selection/assess.ts';
import { viewsOf } from '../../../lib/selection/elections/electionsOf.ts';
import { annotation, label, SLICE_MANAGER } from '../../../lib/selection/names.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import type { Write } from '../../../lib/selection/write.ts';
import type { Etcd } from '../etcd.ts';
import type { Fights } from '../fights.ts';
import { annotationOf, endpointsOf, labelOf } from '../kubeObject.ts';
import { toSnapshot } from './checkSettled.ts';

/** Uids of the pods that our slices route to. */
export function leadersOf(etcd: Etcd): ReadonlySet<string> {
  const ours = etcd.list('endpointslices').filter((slice) => labelOf(slice, label.sliceManagedBy) === SLICE_MANAGER);
  const records = ours.filter((slice) => annotationOf(slice, annotation.epoch) !== undefined);
  return new Set(records.flatMap((slice) => endpointsOf(slice).flatMap(({ targetRef }) => targetRef?.uid ?? [])));
}

export function checkRouted(
  etcd: Etcd,
  sourceNames: readonly string[],
  from: number,
  until: number,
  fights: Fights,
): string | null {
  const isLeft = (write: Write): boolean => !fights.undoes(write);
  for (const name of sourceNames) {
    for (const snapshot of viewsOf(toSnapshot(etcd, name))) {
      const [early, late] = [from, until].map((now) => assess(snapshot, now));
      if (early === undefined || late === undefined) continue;
      const { kind, reason, leader } = late.decision;
      const wanted = leader?.uid ?? null;
      const hasWaited =
        early.writes.some(isLeft) && late.writes.some(isLeft) && (early.decision.leader?.uid ?? null) === wanted;
      if (hasWaited && wanted !== routedPod(snapshot))
        return `${name}: ${until - from} ms after the last trouble began, ${kind} ${leader?.name ?? ''} (${reason}) is not written`;
    }
  }
  return null;
}

function routedPod({ slices, source }: Snapshot): string | null {
  const primary = slices.find(
    ({ annotations, owner }) => annotations[annotation.podsRevision] !== undefined && owner?.uid === source?.uid,
  );
  return primary?.spec?.endpoints[0]?.targetRef?.uid ?? null;
}
