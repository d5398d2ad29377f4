/**
 * toFlowEvent: makes the event for one concern about a flow, with the state to decide on.
 *
 * Guarantees: no snapshot (a hint) where the store may be old, or where the event would exceed
 * `maxEventBytes`. The same state sent again has the same id.
 */

import { hashId } from '../../lib/events/eventId.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { clusterSource } from '../../lib/events/toReply.ts';
import { flowDataSchemaAt } from '../../lib/flow/events/flowDataSchema.ts';
import type { FlowEvent } from '../../lib/flow/events/flowEvent.ts';
import { flowSubject } from '../../lib/flow/events/flowSubject.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import { newTraceparent } from '../delivery/traceparent.ts';
import type { EventContext } from '../domain.ts';
import type { FlowConcern } from './flowConcern.ts';

/** As of a Service: see docs/reference/events.md#hints. */
const SNAPSHOT_LIFETIME_MS = 3_000;

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
  const event = { ...hint, data: { ...hint.data, snapshot: encode(snapshot, now) } };
  return exceeds(event, context.maxEventBytes) ? hint : event;
}

function exceeds(event: object, maxBytes: number): boolean {
  return Number.isFinite(maxBytes) && Buffer.byteLength(JSON.stringify(event)) > maxBytes;
}
