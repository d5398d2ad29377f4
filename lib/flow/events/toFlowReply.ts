/**
 * Builds the reply to one event about a flow.
 *
 * Guarantees: replies of different content have different ids. Subject and source are those of the
 * event that was answered.
 */

import { hashId } from '../../events/eventId.ts';
import { formatRfc3339 } from '../../events/rfc3339.ts';
import type { FlowReply, FlowReplyData } from './flowEvent.ts';

interface Answered {
  readonly source: string;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly decidedAt: number;
}

export function toFlowReply<S>({ source, subject, decidedAt }: Answered, data: FlowReplyData<S>): FlowReply<S> {
  const type = `io.zen-flow.flow.${data.decision}` as const;
  const time = formatRfc3339(decidedAt);
  const { snapshot: _, ...rest } = data;
  return {
    specversion: '1.0',
    id: hashId([type, subject, time, JSON.stringify(rest)]),
    type,
    source,
    subject,
    time,
    datacontenttype: 'application/json',
    data,
  };
}
