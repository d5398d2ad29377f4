/**
 * Builds the CloudEvents of a decision: a leader event, which says that the leader changed,
 * and a reply, which answers one event.
 *
 * Guarantees: a leader event that is sent again has the same id, so that a receiver recognises the
 * second copy. Replies of different content have different ids. Subject and source are those of the
 * event that was answered, so that a cluster has one stream.
 * Source: CloudEvents 1.0.2, "id" (source + id is unique for each distinct event).
 */

import type { Uid } from '../selection/snapshot.ts';
import { hashId } from './eventId.ts';
import type { ReplyData, ReplyEvent } from './reply.ts';
import { formatRfc3339 } from './rfc3339.ts';
import { type SubjectRef, serviceSubject } from './subject.ts';

interface ReplyContext {
  /** `/clusters/<cluster name>` */
  readonly source: string;
  readonly subject: SubjectRef;
  /** Null when the source Service is gone. */
  readonly sourceUid: Uid | null;
  /** The `now` of the decision, epoch milliseconds. */
  readonly decidedAt: number;
}

/**
 * Nearly every reply says that nothing changed, so the id of the change says too little. The
 * revisions stand for a snapshot, which can be megabytes.
 */
export function toReply(context: ReplyContext, data: ReplyData): ReplyEvent {
  const event = toLeaderEvent(context, data);
  const { snapshot, ...rest } = data;
  const hash = hashId([event.time, JSON.stringify({ ...rest, revisions: snapshot?.revisions })]);
  return { ...event, id: `${event.id}/${hash}` };
}

export function toLeaderEvent(context: ReplyContext, data: ReplyData): ReplyEvent {
  const type = `io.zen-lead.leader.${data.decision}` as const;
  const { namespace, name, election = '', slot = 0 } = context.subject;
  const of = election === '' && slot === 0 ? '' : `/${election}/${slot}`;
  return {
    specversion: '1.0',
    id: `${context.sourceUid ?? `${namespace}.${name}`}${of}/${data.epoch}/${type}/${data.reason}`,
    type,
    source: context.source,
    subject: serviceSubject(namespace, name, election, slot),
    time: formatRfc3339(context.decidedAt),
    datacontenttype: 'application/json',
    data,
  };
}

export function clusterSource(clusterName: string): string {
  return `/clusters/${encodeURIComponent(clusterName)}`;
}
