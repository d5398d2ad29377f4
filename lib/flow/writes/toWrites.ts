/**
 * Turns a decision into writes, in the order in which they have to be made.
 *
 * Guarantees: the record comes before every Job that it says is running (Z1), and each change of an
 * object carries the uid and resourceVersion that were decided on (Z4). The Lease of a group comes
 * before the record that says that the flow runs.
 */

import type { Decision } from '../engine/advance.ts';
import type { Start } from '../engine/startReady.ts';
import type { FlowSpec, JsonObject } from '../spec/flowSpec.ts';
import { API_VERSION, annotation, label, MANAGER, recordName } from '../state/names.ts';
import { type FlowRecord, serializeRecord } from '../state/record.ts';
import type { FlowSnapshot, FlowView } from '../state/snapshot.ts';
import { groupWrites } from './groupWrites.ts';
import { jobOf, ownerOf } from './jobOf.ts';
import { memoWrites } from './memoWrites.ts';
import { type Owned, ownedObjects } from './ownedObjects.ts';

/** The plural of a kind. */
export type WrittenKind = 'configmaps' | 'jobflowrecords' | 'jobflows' | 'jobs' | 'leases' | 'persistentvolumeclaims';

export type FlowWrite =
  | {
      readonly kind: 'create';
      readonly resource: Exclude<WrittenKind, 'jobflows'>;
      readonly object: JsonObject;
      /** Whose Job it is, or whose Jobs mount it. */
      readonly starts?: readonly Start[];
    }
  /** `patch` holds uid and resourceVersion. */
  | {
      readonly kind: 'patch';
      readonly resource: Exclude<WrittenKind, 'persistentvolumeclaims'>;
      readonly name: string;
      readonly patch: JsonObject;
    }
  | {
      readonly kind: 'delete';
      readonly resource: 'jobs' | 'jobflows';
      readonly name: string;
      readonly preconditions: { readonly uid: string; readonly resourceVersion: string };
    };

export function toWrites(decision: Decision, snapshot: FlowSnapshot): readonly FlowWrite[] {
  const { flow, record: view } = snapshot;
  if (flow === null) return [];
  const writes: FlowWrite[] = [...groupWrites(flow, decision.group)];
  if (decision.createsRecord) writes.push({ kind: 'create', resource: 'jobflowrecords', object: emptyRecord(flow) });
  if (decision.record !== null && view !== null) {
    const { uid, resourceVersion } = view;
    // An empty entry lets the API server keep no list of managed fields from here on.
    const metadata = { uid, resourceVersion, ...(view.record === null && { managedFields: [{}] }) };
    const patch = { metadata, data: serializeRecord(decision.record) };
    writes.push({ kind: 'patch', resource: 'jobflowrecords', name: recordName(flow), patch });
  }
  const old = view?.record ?? null;
  const record = decision.record ?? (old === 'unreadable' ? null : old);
  if (record !== null) writes.push(...startWrites(flow, flow.spec, record, decision.starts));
  for (const { job, suspend } of decision.holds) {
    const { name, uid, resourceVersion } = job;
    const annotations = { [annotation.held]: suspend ? 'suspend' : null };
    const patch = { metadata: { uid, resourceVersion, annotations }, spec: { suspend } };
    writes.push({ kind: 'patch', resource: 'jobs', name, patch });
  }
  for (const { name, uid, resourceVersion } of decision.deletes) {
    writes.push({ kind: 'delete', resource: 'jobs', name, preconditions: { uid, resourceVersion } });
  }
  if (record !== null) writes.push(...memoWrites(flow, record, decision.changes, snapshot.facts));
  if (decision.deletesFlow) {
    const { name, uid, resourceVersion } = flow;
    writes.push({ kind: 'delete', resource: 'jobflows', name, preconditions: { uid, resourceVersion } });
  }
  return writes;
}

/** What a Job mounts is made before it, so that its pods do not wait for it. */
function startWrites(
  flow: FlowView,
  spec: FlowSpec,
  record: FlowRecord,
  starts: readonly Start[],
): readonly FlowWrite[] {
  const steps = new Map([...spec.steps, ...spec.finally].map((step) => [step.name, step]));
  // Two steps may mount the same claim.
  const mounted = new Map<string, Owned & { readonly starts: readonly Start[] }>();
  const jobs = starts.flatMap((start): readonly FlowWrite[] => {
    const step = steps.get(start.step);
    if (step === undefined) return [];
    const object = jobOf(flow, spec, record, step, start.attempt);
    // A read finds that it was not made, and the step ends (endAttempts.ts).
    if (object === null) return [];
    for (const owned of ownedObjects(flow, record, step, start, object)) {
      mounted.set(owned.key, { ...owned, starts: [...(mounted.get(owned.key)?.starts ?? []), start] });
    }
    return [{ kind: 'create', resource: 'jobs', object, starts: [start] }];
  });
  const made = [...mounted.values()].map(({ key: _, ...write }): FlowWrite => ({ kind: 'create', ...write }));
  return [...made, ...jobs];
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
      ownerReferences: [ownerOf(flow)],
    },
  };
}
