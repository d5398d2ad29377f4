/**
 * Turns a decision into writes, in the order in which they have to be made.
 *
 * Guarantees: the record comes before every Job that it says is running (Z1), and each change of an
 * object carries the uid and resourceVersion that were decided on (Z4).
 */

import type { Decision } from '../engine/advance.ts';
import type { Start } from '../engine/startReady.ts';
import type { JsonObject } from '../spec/flowSpec.ts';
import { API_VERSION, label, MANAGER, recordName } from '../state/names.ts';
import { serializeRecord } from '../state/record.ts';
import type { FlowSnapshot, FlowView } from '../state/snapshot.ts';
import { jobOf } from './jobOf.ts';

export type FlowWrite =
  | {
      readonly kind: 'create';
      readonly resource: 'jobflowrecords' | 'jobs';
      readonly object: JsonObject;
      /** Of which a Job is. */
      readonly start?: Start;
    }
  | { readonly kind: 'patch'; readonly resource: 'jobflowrecords'; readonly name: string; readonly patch: JsonObject }
  | {
      readonly kind: 'delete';
      readonly resource: 'jobs' | 'jobflows';
      readonly name: string;
      readonly preconditions: { readonly uid: string; readonly resourceVersion: string };
    };

export function toWrites(decision: Decision, { flow, record }: FlowSnapshot): readonly FlowWrite[] {
  if (flow === null) return [];
  const writes: FlowWrite[] = [];
  if (decision.createsRecord) writes.push({ kind: 'create', resource: 'jobflowrecords', object: emptyRecord(flow) });
  if (decision.record !== null && record !== null) {
    const { uid, resourceVersion } = record;
    const patch = { metadata: { uid, resourceVersion }, data: serializeRecord(decision.record) };
    writes.push({ kind: 'patch', resource: 'jobflowrecords', name: recordName(flow), patch });
  }
  const steps = [...flow.spec.steps, ...flow.spec.finally];
  for (const start of decision.starts) {
    const step = steps.find((each) => each.name === start.step);
    if (step !== undefined)
      writes.push({ kind: 'create', resource: 'jobs', object: jobOf(flow, flow.spec, step, start.attempt), start });
  }
  for (const { name, uid, resourceVersion } of decision.deletes) {
    writes.push({ kind: 'delete', resource: 'jobs', name, preconditions: { uid, resourceVersion } });
  }
  if (decision.deletesFlow) {
    const { name, uid, resourceVersion } = flow;
    writes.push({ kind: 'delete', resource: 'jobflows', name, preconditions: { uid, resourceVersion } });
  }
  return writes;
}

/** Empty, so that its uid fences the patch that fills it. Of two that begin at once one wins. */
function emptyRecord(flow: FlowView): JsonObject {
  return {
    apiVersion: API_VERSION,
    kind: 'JobFlowRecord',
    metadata: {
      name: recordName(flow),
      namespace: flow.namespace,
      labels: { [label.flow]: flow.name, [label.managedBy]: MANAGER, [label.flowUid]: flow.uid },
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'JobFlow', name: flow.name, uid: flow.uid, controller: true }],
    },
  };
}
