/**
 * Parses a pod down to what the order of the ReplicaSet controller reads.
 *
 * Guarantees: INPUT_INVALID for a pod that cannot be read. A deletion cost that Kubernetes does not
 * accept counts as 0, as it does there.
 */

import {
  type Fields,
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeOptionalTime,
  takeString,
} from '../kube/fields.ts';
import type { Uid } from '../selection/snapshot.ts';

export interface WorkloadPod {
  readonly name: string;
  readonly uid: Uid;
  /** Of its controller. */
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: Uid } | null;
  /** Neither terminating nor finished: the controllers count it. */
  readonly isActive: boolean;
  /** Empty before it is assigned. */
  readonly nodeName: string;
  readonly phase: string;
  readonly isReady: boolean;
  /** Since when it is Ready, epoch milliseconds. Null where no instant is given. */
  readonly readyAt: number | null;
  readonly deletionCost: number;
  /** The most that a container, or a sidecar, has restarted. */
  readonly restarts: number;
  readonly sidecarRestarts: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const MAX_INT32 = 2 ** 31 - 1;

export function parseWorkloadPod(input: unknown): WorkloadPod {
  const pod = takeFields(input, 'pod');
  const metadata = takeFields(pod['metadata'], 'metadata');
  const spec = takeOptionalFields(pod, 'spec', 'pod') ?? {};
  const status = takeOptionalFields(pod, 'status', 'pod') ?? {};
  const phase = takeOptionalString(status, 'phase', 'status') ?? 'Pending';
  const ready = takeList(status, 'conditions', 'status')
    .map((each) => takeFields(each, 'status.conditions[]'))
    .find(({ type }) => type === 'Ready');
  const isReady = ready?.['status'] === 'True';
  const annotations = takeOptionalFields(metadata, 'annotations', 'metadata') ?? {};
  return {
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata') as Uid,
    owner: parseOwner(metadata),
    isActive: phase !== 'Succeeded' && phase !== 'Failed' && (metadata['deletionTimestamp'] ?? null) === null,
    nodeName: takeOptionalString(spec, 'nodeName', 'spec') ?? '',
    phase,
    isReady,
    readyAt:
      ready !== undefined && isReady
        ? (takeOptionalTime(ready, 'lastTransitionTime', 'status.conditions[]') ?? null)
        : null,
    deletionCost: parseDeletionCost(annotations[DELETION_COST]),
    restarts: mostRestarts(takeList(status, 'containerStatuses', 'status')),
    sidecarRestarts: mostRestarts(sidecarStatuses(spec, status)),
    createdAt: takeOptionalTime(metadata, 'creationTimestamp', 'metadata') ?? 0,
  };
}

/** The ownerReference with `controller: true`. */
export function parseOwner(metadata: Fields): WorkloadPod['owner'] {
  const owners = takeList(metadata, 'ownerReferences', 'metadata').map((each) => takeFields(each, 'ownerReferences[]'));
  const owner = owners.find(({ controller }) => controller === true);
  if (owner === undefined) return null;
  return {
    kind: takeString(owner, 'kind', 'ownerReferences[]'),
    name: takeString(owner, 'name', 'ownerReferences[]'),
    uid: takeString(owner, 'uid', 'ownerReferences[]') as Uid,
  };
}

/**
 * https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/apis/core/helper/helpers.go
 * (GetDeletionCostFromPodAnnotations): an int32 without plus sign or leading zeros.
 */
function parseDeletionCost(value: unknown): number {
  if (typeof value !== 'string' || !/^(0|-\d{1,10}|[1-9]\d{0,9})$/.test(value)) return 0;
  const cost = Number(value);
  return cost <= MAX_INT32 && cost >= -MAX_INT32 - 1 ? cost : 0;
}

function mostRestarts(statuses: readonly unknown[]): number {
  const path = 'status.containerStatuses[]';
  return statuses.reduce<number>(
    (most, each) => Math.max(most, takeOptionalNumber(takeFields(each, path), 'restartCount', path) ?? 0),
    0,
  );
}

/** An init container that is restarted always is a sidecar. */
function sidecarStatuses(spec: Fields, status: Fields): readonly Fields[] {
  const sidecars = new Set(
    takeList(spec, 'initContainers', 'spec')
      .map((each) => takeFields(each, 'spec.initContainers[]'))
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  return takeList(status, 'initContainerStatuses', 'status')
    .map((each) => takeFields(each, 'status.initContainerStatuses[]'))
    .filter(({ name }) => sidecars.has(name));
}
