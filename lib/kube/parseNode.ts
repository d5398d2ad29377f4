/**
 * Projects a Node, and the Lease that its kubelet renews, to what the bridge reads of them.
 *
 * Guarantees: nothing of the input stays referenced but strings. Names of conditions are bounded.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ ;
 * https://kubernetes.io/docs/reference/node/node-status/#heartbeats
 */

import { label } from '../selection/names.ts';
import { MAX_CONDITION_LENGTH, MAX_ZONE_LENGTH } from '../selection/observation.ts';
import {
  type Fields,
  takeFields,
  takeList,
  takeOptionalBoolean,
  takeOptionalFields,
  takeOptionalString,
  takeString,
} from './fields.ts';

interface ClusterObject {
  /** Empty for a Node. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface NodeView extends ClusterObject {
  readonly isCordoned: boolean;
  /** The types of the conditions that are True, in the order of the object. */
  readonly conditions: readonly string[];
  /** The zone that it is in, by its label. */
  readonly zone?: string;
}

/**
 * Taints of what is about to be drained: by `kubectl cordon`, by an operator who says that the node
 * is out of service, by the cluster autoscaler, by Karpenter.
 */
const drainTaints: ReadonlySet<string> = new Set([
  'node.kubernetes.io/unschedulable',
  'node.kubernetes.io/out-of-service',
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
]);
const noFields: Fields = {};

export function parseNode(input: unknown): NodeView {
  const node = takeFields(input, 'node');
  const metadata = takeFields(node['metadata'], 'metadata');
  const spec = takeOptionalFields(node, 'spec', 'node') ?? noFields;
  const status = takeOptionalFields(node, 'status', 'node') ?? noFields;
  const zone = takeOptionalString(
    takeOptionalFields(metadata, 'labels', 'metadata') ?? noFields,
    label.zone,
    'metadata.labels',
  );
  return {
    ...identify(metadata),
    ...(zone && { zone: zone.slice(0, MAX_ZONE_LENGTH) }),
    isCordoned: takeOptionalBoolean(spec, 'unschedulable', 'spec') === true || hasDrainTaint(spec),
    conditions: takeList(status, 'conditions', 'status').flatMap(trueCondition),
  };
}

/** Of a Lease in `kube-node-lease`, whose name is that of its node. Its metadata alone will do. */
export function parseNodeLease(input: unknown): ClusterObject {
  return identify(takeFields(takeFields(input, 'lease')['metadata'], 'metadata'));
}

function identify(metadata: Fields): ClusterObject {
  return {
    namespace: takeOptionalString(metadata, 'namespace', 'metadata') ?? '',
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
  };
}

function hasDrainTaint(spec: Fields): boolean {
  return takeList(spec, 'taints', 'spec').some((taint) => {
    const key = takeOptionalString(takeFields(taint, 'spec.taints[]'), 'key', 'spec.taints[]');
    return key !== undefined && drainTaints.has(key);
  });
}

function trueCondition(entry: unknown): readonly string[] {
  const condition = takeFields(entry, 'status.conditions[]');
  const type = takeOptionalString(condition, 'type', 'status.conditions[]');
  return condition['status'] === 'True' && type ? [type.slice(0, MAX_CONDITION_LENGTH)] : [];
}
