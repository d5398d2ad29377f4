/**
 * Makes the writes that let a flow run within its group: the Lease, and the end of a flow that is
 * replaced.
 *
 * Guarantees: each carries the version that was read. Of two flows that take the Lease at once, one
 * meets a conflict, also where one of them had it before: a patch that changes nothing would leave
 * the version as it is.
 */

import type { Decision } from '../engine/advance.ts';
import { GROUP, groupLeaseName, label, MANAGER } from '../state/names.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { FlowWrite } from './toWrites.ts';

/** The version that the Lease was taken on. No other one has it. */
const TAKEN_AFTER = `${GROUP}/taken-after`;

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
    const metadata = { uid, resourceVersion, labels, annotations: { [TAKEN_AFTER]: resourceVersion } };
    return [{ kind: 'patch', resource: 'leases', name, patch: { metadata, spec } }];
  }
  const metadata = { name, namespace: flow.namespace, labels };
  const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
  return [{ kind: 'create', resource: 'leases', object }];
}
