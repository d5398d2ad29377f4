/**
 * readFlow: reads everything that one decision about a flow depends on, consistently.
 *
 * Guarantees: the Jobs are read after the record was, so that a Job that is not among them is gone
 * (Z2). The flow is no older than what its record was decided on (Z5): else a suspension that
 * another function has decided on would be undone. A read costs what the flow has, and not what its
 * namespace has.
 */

import type { FlowChange, FlowRef } from '../../lib/flow/events/flowEvent.ts';
import { parseRecordObject } from '../../lib/flow/objects/parseRecordObject.ts';
import { parseWatchedFlow } from '../../lib/flow/objects/parseWatchedFlow.ts';
import { recordName } from '../../lib/flow/state/names.ts';
import type { FlowSnapshot, FlowView, RecordView } from '../../lib/flow/state/snapshot.ts';
import { jobFlowRecords, jobFlows, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';
import { jobsInQuestion, readJobs } from './readJobs.ts';

/** What has led to the read: it may depend on a few Jobs alone. */
export interface ReadReason {
  readonly change: FlowChange;
  /** Of a flow of more steps than that. */
  readonly manySteps: number;
}

/** Without `reason`, all Jobs are read. */
export async function readFlow(
  api: KubeApi,
  ref: FlowRef,
  signal: AbortSignal,
  reason?: ReadReason,
): Promise<FlowSnapshot> {
  const { namespace } = ref;
  const readOnce = () => readIfThere(api, { resource: jobFlows, ...ref }, parseWatchedFlow, signal);
  const first = await readOnce();
  if (first === null) return gone;
  const at = { resource: jobFlowRecords, namespace, name: recordName(first) };
  const record = await readIfThere(api, at, parseRecordObject, signal);
  const isTaken = record !== null && record.ownerUid !== first.uid;
  const flow = isBehind(first, record) ? await readOnce() : first;
  if (flow === null) return gone;
  // Another one of the name has another record.
  if (flow.uid !== first.uid) return readFlow(api, ref, signal, reason);
  const names = reason === undefined ? null : jobsInQuestion(flow, record, reason.change, reason.manySteps);
  const { items, revision } = await readJobs(api, flow, names, signal);
  return {
    flow,
    record: record === null ? null : toView(record, isTaken),
    jobs: items,
    basis: 'read',
    revisions: { flows: flow.resourceVersion, jobs: revision },
  };
}

/** What another object says is not about this flow. */
function toView({ uid, resourceVersion, record }: RecordView, isTaken: boolean): RecordView {
  return isTaken ? { uid, resourceVersion, record: 'unreadable', isTaken } : { uid, resourceVersion, record };
}

const gone: FlowSnapshot = { flow: null, record: null, jobs: [], basis: 'read', revisions: { flows: '', jobs: '' } };

/**
 * Whether the record may have been decided on a newer version of the flow, between the two reads.
 * Mostly it was decided on a watch, whose revision is that of all flows.
 */
function isBehind({ resourceVersion }: FlowView, view: RecordView | null): boolean {
  const record = view?.record ?? null;
  if (record === null || record === 'unreadable') return false;
  return !(Number(resourceVersion) >= Number(record.flowRevision));
}
