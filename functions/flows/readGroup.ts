/**
 * Reads who of a group of flows may run: the Lease, and what has become of the flow that holds it.
 *
 * Guarantees: the record of the holder is read after its Lease. A holder counts as gone where no
 * flow of its uid is there, and as ended where its record says so, or where it was refused.
 */

import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { parseRecordObject } from '../../lib/flow/objects/parseRecordObject.ts';
import type { GroupHolder, GroupView } from '../../lib/flow/state/facts.ts';
import { label, recordName } from '../../lib/flow/state/names.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { takeFields, takeOptionalFields, takeOptionalString, takeString } from '../../lib/kube/fields.ts';
import { jobFlowRecords, jobFlows, type KubeApi, leases } from '../../lib/kube/kubeApi.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';

interface GroupLease {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly holderUid: string;
  /** The name of the holder. */
  readonly flow: string;
}

export async function readGroup(
  api: KubeApi,
  { namespace, uid }: FlowView,
  name: string,
  signal: AbortSignal,
): Promise<GroupView> {
  const lease = await readIfThere(api, { resource: leases, namespace, name }, parseGroupLease, signal);
  if (lease === null) return { lease: null, holder: null };
  const holder = lease.holderUid === uid ? null : await readHolder(api, namespace, lease, signal);
  return { lease, holder };
}

async function readHolder(
  api: KubeApi,
  namespace: string,
  { flow: name, holderUid }: GroupLease,
  signal: AbortSignal,
): Promise<GroupHolder | null> {
  if (name === '') return null;
  const flow = await readIfThere(api, { resource: jobFlows, namespace, name }, parseJobFlow, signal);
  if (flow === null || flow.uid !== holderUid) return null;
  const at = { resource: jobFlowRecords, namespace, name: recordName(flow) };
  const found = await readIfThere(api, at, parseRecordObject, signal);
  const record = found?.record ?? null;
  const hasEnded = record !== null && record !== 'unreadable' && record.endedAt !== null;
  // A flow that was refused has no record, and runs nothing.
  const isRefused = record === null && flow.status?.phase === 'Failed';
  if (hasEnded || isRefused) return null;
  return {
    name,
    uid: flow.uid,
    resourceVersion: flow.resourceVersion,
    createdAt: flow.createdAt,
    isShutDown: flow.spec.shutdown === 'Terminate',
  };
}

function parseGroupLease(input: unknown): GroupLease {
  const object = takeFields(input, 'lease');
  const metadata = takeFields(object['metadata'], 'metadata');
  const labels = takeOptionalFields(metadata, 'labels', 'metadata') ?? {};
  return {
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    holderUid: takeOptionalString(takeOptionalFields(object, 'spec', 'lease') ?? {}, 'holderIdentity', 'spec') ?? '',
    flow: takeOptionalString(labels, label.flow, 'metadata.labels') ?? '',
  };
}
