/**
 * Builds a recorded delivery whose reply is what the rules say, so replaying it must find no
 * difference.
 */

import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import type { ReplyData } from '../../../lib/events/reply.ts';
import { toReply } from '../../../lib/events/toReply.ts';
import type { RecordedDelivery } from '../../../lib/recording/recordedLine.ts';
import { assess } from '../../../lib/selection/assess.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { aReconcileEvent, aSnapshot } from './anEvent.ts';

/** 2026-11-20T10:00:00Z */
export const T0 = Date.UTC(2026, 10, 20, 10);

export interface DeliveryOptions {
  readonly snapshot?: Snapshot;
  readonly at?: number;
  readonly event?: Partial<ReconcileEvent>;
  readonly reply?: Partial<ReplyData>;
}

export function aDelivery({
  snapshot = aSnapshot(),
  at = T0,
  event = {},
  reply = {},
}: DeliveryOptions = {}): RecordedDelivery {
  const { namespace, name } = snapshot;
  const { kind, reason, previous, leader, epoch } = assess(snapshot, at).decision;
  const sent = aReconcileEvent({
    subject: `namespaces/${namespace}/services/${name}`,
    partitionkey: `${namespace}/${name}`,
    time: new Date(at - 2).toISOString(),
    data: { change: { kind: 'Pod', name: 'db-0', verb: 'modified' }, deadline: at + 3_000, snapshot },
    ...event,
  });
  const context = {
    source: '/clusters/test',
    subject: { namespace, name },
    sourceUid: snapshot.source?.uid ?? null,
    decidedAt: at,
  };
  const data = { decision: kind, reason, previous, leader, epoch, basis: 'event', ...reply } as const;
  return { event: sent, reply: toReply(context, data), status: 200, sentAt: at - 1 };
}
