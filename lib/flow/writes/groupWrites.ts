/**
 * Makes the writes that let a flow run within its group: the Lease, and the end of a flow that is
 * replaced.
 *
 * Guarantees: each carries the version that was read. Of two flows that take the Lease at once, one
 * meets a conflict.
 */

import type { Decision } from '../engine/advance.ts';
import { groupLeaseName, label, MANAGER } from '../state/names.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { FlowWrite } from './toWrites.ts';

export function groupWrites(flow: FlowView, { acquires, replaces }: Decision['group']): readonly FlowWrite[] {
  const key = flow.spec.policy.concurrencyKey;
  if (key === null) return [];
  if (replaces !== null) {
    const { name, uid, resourceVersion } = replaces;
    const patch = { metadata: { uid, resourceVersion }, spec: { shutdown: 'Terminate' } };
    return [{ kind: 'patch', resource: 'jobflows', name, patch }];
  }
  if (acquires === null) return [];
  const name = groupLeaseName(key);
  const labels = { [label.managedBy]: MANAGER, [label.flow]: flow.name };
  const spec = { holderIdentity: flow.uid };
  if (acquires !== 'new') {
    const { uid, resourceVersion } = acquires;
    return [{ kind: 'patch', resource: 'leases', name, patch: { metadata: { uid, resourceVersion, labels }, spec } }];
  }
  const metadata = { name, namespace: flow.namespace, labels };
  const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
  return [{ kind: 'create', resource: 'leases', object }];
}
