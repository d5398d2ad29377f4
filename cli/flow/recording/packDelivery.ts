/** packDelivery: what is recorded of an event about a flow that did not leave the process. */

import type { FlowEvent, FlowReply } from '../../../lib/flow/events/flowEvent.ts';
import { packSnapshot } from '../../../lib/flow/events/packSnapshot.ts';
import type { FlowSnapshot } from '../../../lib/flow/state/snapshot.ts';
import type { Delivery } from '../../../lib/recording/recordedLine.ts';

interface FlowDelivery {
  readonly event: FlowEvent;
  readonly reply: FlowReply | null;
  readonly status: number;
  readonly sentAt: number;
}

export function packDelivery({ event, reply, status, sentAt }: FlowDelivery): Delivery {
  const at = reply === null ? sentAt : Date.parse(reply.time);
  return { event: pack(event, at), reply: reply === null ? null : pack(reply, at), status, sentAt };
}

function pack<E extends { readonly data: { readonly snapshot?: FlowSnapshot } }>({ data, ...event }: E, at: number) {
  const { snapshot, ...rest } = data;
  return { ...event, data: { ...rest, ...(snapshot !== undefined && { snapshot: packSnapshot(snapshot, at) }) } };
}
