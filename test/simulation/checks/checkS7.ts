/**
 * Checks S7. Only objects with our label and our ownerReference are changed or deleted. The one
 * exception is what the endpoints controllers left on a Service that we own.
 */

import { label, MANAGER, SLICE_MANAGER } from '../../../lib/selection/names.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { controllerOf, type KubeObject, labelOf } from '../kubeObject.ts';

const ENDPOINT_SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';

/** The state decided on may not have been superseded before `oldestAt`. */
export function checkS7(
  write: ObservedWrite,
  etcd: Etcd,
  isSourceUid: (uid: string) => boolean,
  oldestAt: number,
): string | null {
  const { before, plural, name, request, outcome } = write;
  if (before === null || outcome !== 'written' || request.verb === 'create') return null;
  const owner = controllerOf(before);
  const isOwned = owner === undefined || isSourceUid(owner.uid);
  if (plural === 'services' && labelOf(before, label.managedBy) === MANAGER && isOwned) return null;
  if (plural === 'endpointslices' && labelOf(before, label.sliceManagedBy) === SLICE_MANAGER && isOwned) return null;
  if (request.verb === 'delete' && isControllerLeftover(before, plural, etcd, isSourceUid, oldestAt)) return null;
  return `${request.verb} ${plural}/${name} (uid ${before.metadata.uid}), which is not ours`;
}

function isControllerLeftover(
  object: KubeObject,
  plural: string,
  etcd: Etcd,
  isSourceUid: (uid: string) => boolean,
  oldestAt: number,
): boolean {
  if (plural === 'endpoints') return labelOf(object, label.endpointsManagedBy) === 'endpoint-controller';
  if (plural !== 'endpointslices' || labelOf(object, label.sliceManagedBy) !== ENDPOINT_SLICE_CONTROLLER) return false;
  const isOwner = ({ metadata }: KubeObject): boolean => metadata.uid === controllerOf(object)?.uid;
  if (!etcd.list('services').some(isOwner)) return true;
  // It may have lost our label or its owner since. One without an owner is left to us.
  return etcd.history.statesSince('services', oldestAt).some((service) => {
    const owner = controllerOf(service);
    const isOwned = owner === undefined || isSourceUid(owner.uid);
    return isOwner(service) && labelOf(service, label.managedBy) === MANAGER && isOwned;
  });
}
