/**
 * Checks what losing the bridge that sends first may cost. Within the bound each route is what the
 * rules wanted at both ends of it. What they want later (a delay that the user set) is not late.
 * Nor is what follows from a report by a wrong clock, which may begin to count an hour later, or a
 * pod that has become Ready a moment ago: one that was ended comes back in its own time.
 */

import { assess } from '../../../lib/selection/assess.ts';
import { viewsOf } from '../../../lib/selection/elections/electionsOf.ts';
import { annotation, label, SLICE_MANAGER } from '../../../lib/selection/names.ts';
import { parseVerdicts } from '../../../lib/selection/outsideVerdict.ts';
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
      if (isReportedByWrongClock(snapshot, until)) continue;
      const [early, late] = [from, until].map((now) => assess(snapshot, now));
      if (early === undefined || late === undefined) continue;
      const { kind, reason, leader } = late.decision;
      const wanted = leader?.uid ?? null;
      const { readyChangedAt = 0 } = snapshot.candidates.find(({ uid }) => uid === wanted) ?? {};
      if (until - readyChangedAt < A_MOMENT_MS) continue;
      const hasWaited =
        early.writes.some(isLeft) && late.writes.some(isLeft) && (early.decision.leader?.uid ?? null) === wanted;
      if (hasWaited && wanted !== routedPod(snapshot))
        return `${name}: ${until - from} ms after the last trouble began, ${kind} ${leader?.name ?? ''} (${reason}) is not written`;
    }
  }
  return null;
}

/** Longer than any write takes here. The instant has whole seconds. */
const A_MOMENT_MS = 1_500;

/** A caller from outside has reported a pod. */
export function hasReports(etcd: Etcd): boolean {
  return etcd
    .list('endpointslices')
    .some((slice) => parseVerdicts(annotationOf(slice, annotation.verdicts) ?? undefined).length > 0);
}

/** Longer than any caller here reports a pod for. */
const LONGEST_REPORT_MS = 60_000;

function isReportedByWrongClock({ slices }: Snapshot, now: number): boolean {
  const verdicts = slices.flatMap(({ annotations }) => parseVerdicts(annotations[annotation.verdicts]));
  return verdicts.some(({ until }) => until - now > LONGEST_REPORT_MS);
}

function routedPod({ slices, source }: Snapshot): string | null {
  const records = slices.filter(
    ({ annotations, owner }) => annotations[annotation.podsRevision] !== undefined && owner?.uid === source?.uid,
  );
  // A former record may wait for a finalizer.
  const [primary] = records.toSorted(
    (a, b) => Number(b.annotations[annotation.epoch]) - Number(a.annotations[annotation.epoch]),
  );
  return primary?.spec?.endpoints[0]?.targetRef?.uid ?? null;
}
