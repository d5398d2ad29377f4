/** Packs the snapshot of an event and reads it again, as HTTP between the two halves does. */

import { compressSnapshot, decompressSnapshot } from '../../../lib/flow/events/compressSnapshot.ts';
import type { FlowEvent } from '../../../lib/flow/events/flowEvent.ts';
import { flowEventDataZod } from '../../../lib/flow/events/flowSchema.ts';
import { type PackedSnapshot, packSnapshot, unpackSnapshot } from '../../../lib/flow/events/packSnapshot.ts';

/** Of a bridge's clock: what is left of a snapshot's life when it is sent. */
const LIFETIME_MS = 3_000;

export function overTheWire(event: FlowEvent): FlowEvent {
  return travel(
    event,
    (packed, data) => flowEventDataZod.parse(JSON.parse(JSON.stringify({ ...data, snapshot: packed }))).snapshot,
  );
}

/** As the snapshot of a large flow travels. */
export function compressedOverTheWire(event: FlowEvent): FlowEvent {
  return travel(event, (packed) =>
    decompressSnapshot(compressSnapshot(JSON.stringify(packed)) ?? '', 'data.compressed'),
  );
}

function travel(
  event: FlowEvent,
  arrive: (packed: PackedSnapshot, data: Omit<FlowEvent['data'], 'snapshot'>) => PackedSnapshot | undefined,
): FlowEvent {
  const { snapshot, ...data } = event.data;
  if (snapshot === undefined) return event;
  const arrived = arrive(packSnapshot(snapshot, data.deadline - LIFETIME_MS), data);
  const unpacked = arrived === undefined ? null : unpackSnapshot(arrived);
  return { ...event, data: { ...data, ...(unpacked !== null && { snapshot: unpacked }) } };
}
