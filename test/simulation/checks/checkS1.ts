/**
 * Checks S1. A leader slice has at most one endpoint, but for a handover that overlaps
 * (checkOverlap.ts). No secondary's epoch is above the primary's, and none names another pod under
 * the same epoch.
 */

import { annotation, label } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, electionOf, labelOf } from '../kubeObject.ts';
import { checkOverlap } from './checkOverlap.ts';
import type { LeaderWrite } from './leaderWrite.ts';

export function checkS1(write: LeaderWrite, etcd: Etcd, wallClock: number | null): string | null {
  const { after, endpoints, isPrimary, epoch } = write;
  const { name } = after.metadata;
  const beside = checkOverlap(write, wallClock);
  if (beside !== null) return beside;
  // A restored etcd takes the two back to different moments, and what was on its way to one of them
  // still arrives.
  if (isPrimary || etcd.history.era() > 1) return null;
  const serviceName = labelOf(after, label.serviceName);
  const primary = etcd
    .list('endpointslices')
    .find(
      (slice) =>
        labelOf(slice, label.serviceName) === serviceName &&
        electionOf(slice) === electionOf(after) &&
        annotationOf(slice, annotation.podsRevision) !== undefined,
    );
  if (primary === undefined) return null;
  const primaryEpoch = Number(annotationOf(primary, annotation.epoch));
  if (epoch > primaryEpoch) return `slice ${name} is at epoch ${epoch}, its primary at ${primaryEpoch}`;
  // By the record, because a user may have changed the route.
  const [uid, primaryUid] = [endpoints[0]?.targetRef?.uid, annotationOf(primary, annotation.leaderPodUid)];
  if (epoch === primaryEpoch && uid !== undefined && primaryUid !== undefined && uid !== primaryUid)
    return `slice ${name} routes to ${uid}, its primary to ${primaryUid}, both at epoch ${epoch}`;
  return null;
}
