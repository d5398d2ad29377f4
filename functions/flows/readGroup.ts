/**
 * Reads who of a group of flows may run: the Lease, and what has become of the flow that holds it.
 *
 * Guarantees: the record of the holder is read after its Lease. A holder counts as gone where no
 * flow of its uid is there, and as ended where its record says so, or where it was refused.
 */

import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { parseRecordObject } from '../../lib/flow/objects/parseRecordObject.ts';
import type { GroupHolder, GroupView } from '../../lib/flow/state/facts.ts';
import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import { label, recordName } from '../../lib/flow/state/names.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
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
  if (lease.holderUid === uid) return { lease, holder: null };
  return { lease, ...(await readHolder(api, namespace, lease, signal)) };
}

async function readHolder(
  api: KubeApi,
  namespace: string,
  { flow: name, holderUid }: GroupLease,
  signal: AbortSignal,
): Promise<Omit<GroupView, 'lease'>> {
  if (name === '') return gone;
  const flow = await readIfThere(api, { resource: jobFlows, namespace, name }, parseJobFlow, signal);
  if (flow === null || flow.uid !== holderUid) return gone;
  const at = { resource: jobFlowRecords, namespace, name: recordName(flow) };
  const found = await readIfThere(api, at, parseRecordObject, signal);
  const record = found?.record ?? null;
  if (record !== null && record !== 'unreadable' && record.endedAt !== null) return endedHolder(flow, record);
  // A flow that was refused has no record, and runs nothing.
  if (record === null && flow.status?.phase === 'Failed') return gone;
  const holder: GroupHolder = {
    name,
    uid: flow.uid,
    resourceVersion: flow.resourceVersion,
    createdAt: flow.createdAt,
    isShutDown: flow.spec.shutdown === 'Terminate',
  };
  return { holder };
}

const gone = { holder: null } as const;

/** With how long it took, without the time in which it waited or was suspended. */
function endedHolder({ spec }: FlowView, record: FlowRecord): Omit<GroupView, 'lease'> {
  const { endedAt, startedAt, groupAt, pausedMs } = record;
  if (endedAt === null || flowPhase(spec, record).phase !== 'Succeeded') return gone;
  return { ...gone, tookMs: Math.max(0, endedAt - (groupAt ?? startedAt) - pausedMs) };
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
