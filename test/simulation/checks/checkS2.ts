/**
 * Checks S2 and S6. A pod that is routed to was fit in the state used, or may be kept. A kept pod
 * exists, has not finished, and has the address. Without a fit pod there is no endpoint, which
 * follows from the same.
 */

import { annotation } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, controllerOf } from '../kubeObject.ts';
import { isFit, mayKeep } from './fit.ts';
import type { Basis, LeaderWrite } from './leaderWrite.ts';

export function checkS2(write: LeaderWrite, etcd: Etcd): string | null {
  const [endpoint] = write.endpoints;
  if (!write.isPrimary || endpoint === undefined) return null;
  const uid = endpoint.targetRef?.uid;
  const [address = ''] = endpoint.addresses;
  // A rename that was cut short has left the record under the other name, and the pod is kept from
  // there.
  const isKeptFrom = etcd
    .list('endpointslices')
    .some(
      (slice) =>
        slice.metadata.name !== write.after.metadata.name &&
        controllerOf(slice)?.uid === write.sourceUid &&
        annotationOf(slice, annotation.leaderPodUid) === uid,
    );
  const isMove = write.previousUid !== undefined && write.previousUid !== uid && !isKeptFrom;

  const whyWrong = ({ pods, source }: Basis): string | null => {
    const pod = pods.find((each) => each.uid === uid);
    if (pod === undefined) return 'which does not exist';
    if (!pod.ips.includes(address)) return `which does not have the address ${address}`;
    if (source === null) return 'for a source that does not exist';
    if (isFit(pod, source)) return null;
    if (isMove || !mayKeep(source)) return 'which is not fit';
    return pod.phase === 'Succeeded' || pod.phase === 'Failed' ? 'which has finished' : null;
  };
  const problems = write.bases.map(whyWrong);
  if (problems.length === 0 || problems.includes(null)) return null;
  return `slice ${write.after.metadata.name} routes to ${uid}, ${problems[0]}, decided on pods ${write.podsRevision}`;
}
