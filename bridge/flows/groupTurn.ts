/**
 * Says which flow of a group has its turn when the one that ran has ended.
 *
 * Does not guarantee that it may run: the Lease of the group says that to its function. Where the
 * end is not seen, the flows that wait ask by themselves (lib/flow/engine/group.ts).
 */

import type { FlowView, RecordView } from '../../lib/flow/state/snapshot.ts';
import type { Source } from '../queue/concern.ts';
import type { FlowStoreChange } from './flowDomain.ts';
import type { FlowAndRecord } from './flowStore.ts';

/** The key of a group whose flow has ended, or is gone, with this change; else null. */
export function releasedGroup(
  { of, change }: FlowStoreChange,
  viewOf: (source: Source) => FlowAndRecord | null,
): string | null {
  if (of === 'JobFlow') return change.kind === 'deleted' ? keyOf(change.object) : null;
  // What ended before the bridge has seen it wakes none: each flow is looked at when it starts.
  if (of !== 'JobFlowRecord' || change.kind !== 'modified') return null;
  const { namespace, flow: name, record } = change.object;
  if (!hasEnded(record) || hasEnded(change.previous.record)) return null;
  return keyOf(viewOf({ namespace, name })?.flow);
}

function hasEnded(record: RecordView['record']): boolean {
  return record !== null && record !== 'unreadable' && record.endedAt !== null;
}

function keyOf(flow: FlowView | undefined): string | null {
  const { concurrencyKey = null, concurrencyPolicy } = flow?.spec.policy ?? {};
  return concurrencyPolicy === 'Allow' ? null : concurrencyKey;
}

/** The oldest one that may start. Null where none waits. */
export function longestWaiting(views: Iterable<FlowAndRecord>, key: string): Source | null {
  let oldest: FlowView | null = null;
  for (const { flow, record } of views) {
    if (keyOf(flow) !== key || record === null || flow.terminating) continue;
    if (record.groupAt !== null || record.endedAt !== null || record.suspendedAt !== null) continue;
    if (oldest === null || isBefore(flow, oldest)) oldest = flow;
  }
  return oldest === null ? null : { namespace: oldest.namespace, name: oldest.name };
}

function isBefore(one: FlowView, other: FlowView): boolean {
  return one.createdAt === other.createdAt ? one.name < other.name : one.createdAt < other.createdAt;
}
