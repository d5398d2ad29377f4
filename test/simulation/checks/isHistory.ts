/**
 * isHistory: says that a slice held the record no more when it was written.
 *
 * A rename, or a change of the primary family, that was cut short leaves two slices with a record.
 * The rules follow the one with the greater epoch, and of one epoch the one that was decided on
 * newer state. A hand may have orphaned either.
 */

import { annotation, label } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, controllerOf, electionOf, type KubeObject, labelOf } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

export function isHistory({ before, after, sourceUid, election }: LeaderWrite, etcd: Etcd): boolean {
  if (before === null) return false;
  const [epoch, revision] = orderOf(before);
  return etcd.list('endpointslices').some((slice) => {
    const [itsEpoch, itsRevision] = orderOf(slice);
    return (
      slice.metadata.name !== after.metadata.name &&
      [sourceUid, undefined].includes(controllerOf(slice)?.uid) &&
      labelOf(slice, label.sourceService) === labelOf(after, label.sourceService) &&
      electionOf(slice) === election &&
      annotationOf(slice, annotation.podsRevision) !== undefined &&
      (itsEpoch > epoch || (itsEpoch === epoch && itsRevision > revision))
    );
  });
}

function orderOf(slice: KubeObject): readonly [epoch: number, revision: number] {
  return [Number(annotationOf(slice, annotation.epoch)), Number(annotationOf(slice, annotation.podsRevision))];
}
