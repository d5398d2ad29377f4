/**
 * toFlowEvent: makes the event for one concern about a flow, with the state to decide on.
 *
 * Guarantees: no snapshot (a hint) where the store may be old, or where the event would exceed
 * `maxEventBytes` even with the snapshot compressed. The same state sent again has the same id.
 */

import { hashId } from '../../lib/events/eventId.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { clusterSource } from '../../lib/events/toReply.ts';
import { compressSnapshot } from '../../lib/flow/events/compressSnapshot.ts';
import { flowDataSchemaAt } from '../../lib/flow/events/flowDataSchema.ts';
import { type FlowEvent, SNAPSHOT_LIFETIME_MS } from '../../lib/flow/events/flowEvent.ts';
import { flowSubject } from '../../lib/flow/events/flowSubject.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import { newTraceparent } from '../delivery/traceparent.ts';
import type { EventContext } from '../domain.ts';
import type { FlowConcern } from './flowConcern.ts';

/** The name of the field in `data`, quotes and commas. */
const AROUND_BYTES = 20;

/** Makes of a snapshot what travels. `now`: of the decision that is expected. */
export type Encode<Snapshot> = (snapshot: FlowSnapshot, now: number) => Snapshot;

export function toFlowEvent<Snapshot>(
  { type, key, change, observedAt, dueAt = 0, namespace, name }: FlowConcern,
  snapshot: FlowSnapshot,
  context: Omit<EventContext, 'revision'>,
  encode: Encode<Snapshot>,
  now: number,
): FlowEvent<Snapshot> {
  const { flow, record, revisions } = snapshot;
  const decided = record?.record ?? null;
  const carry = context.carryOf(key);
  const subject = flowSubject({ namespace, name });
  const versions = [flow?.resourceVersion ?? '', record?.resourceVersion ?? '', revisions.jobs];
  const deadline = now + SNAPSHOT_LIFETIME_MS;
  const hint: FlowEvent<Snapshot> = {
    specversion: '1.0',
    id: hashId([type, subject, ...versions, dueAt]),
    type,
    source: clusterSource(context.clusterName),
    subject,
    time: formatRfc3339(observedAt),
    datacontenttype: 'application/json',
    dataschema: flowDataSchemaAt(context.schemasUrl),
    partitionkey: key,
    sequence: String(decided === null || decided === 'unreadable' ? 0 : decided.rev).padStart(20, '0'),
    expirytime: formatRfc3339(deadline),
    traceparent: newTraceparent(context.random),
    data: { change, deadline, ...(carry !== undefined && { carry }) },
  };
  if (!context.isFresh(namespace)) return hint;
  return withSnapshot(hint, encode(snapshot, now), context.maxEventBytes);
}

/** As it is, else compressed, else not at all. */
function withSnapshot<Snapshot>(hint: FlowEvent<Snapshot>, snapshot: Snapshot, maxBytes: number): FlowEvent<Snapshot> {
  const event = { ...hint, data: { ...hint.data, snapshot } };
  if (!Number.isFinite(maxBytes)) return event;
  const text = JSON.stringify(snapshot);
  const room = maxBytes - Buffer.byteLength(JSON.stringify(hint)) - AROUND_BYTES;
  if (Buffer.byteLength(text) <= room) return event;
  const compressed = compressSnapshot(text);
  if (compressed === null || compressed.length > room) return hint;
  return { ...hint, data: { ...hint.data, compressed } };
}
