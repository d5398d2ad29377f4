/** Packs the snapshot of an event and reads it again, as HTTP between the two halves does. */

import type { FlowEvent } from '../../../lib/flow/events/flowEvent.ts';
import { flowEventDataZod } from '../../../lib/flow/events/flowSchema.ts';
import { packSnapshot, unpackSnapshot } from '../../../lib/flow/events/packSnapshot.ts';

/** Of a bridge's clock: what is left of a snapshot's life when it is sent. */
const LIFETIME_MS = 3_000;

export function overTheWire(event: FlowEvent): FlowEvent {
  const { snapshot, ...data } = event.data;
  if (snapshot === undefined) return event;
  const packed = packSnapshot(snapshot, data.deadline - LIFETIME_MS);
  const arrived = flowEventDataZod.parse(JSON.parse(JSON.stringify({ ...data, snapshot: packed }))).snapshot;
  const unpacked = arrived === undefined ? null : unpackSnapshot(arrived);
  return { ...event, data: { ...data, ...(unpacked !== null && { snapshot: unpacked }) } };
}
