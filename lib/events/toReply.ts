/**
 * Builds the CloudEvent of a decision.
 *
 * Guarantees: the same decision about the same Service has the same id, so that a receiver
 * recognises the second copy. Subject and source are those of the event that was answered, so that
 * a cluster has one stream.
 */

import type { Uid } from '../selection/snapshot.ts';
import type { ReplyData, ReplyEvent } from './reply.ts';
import { formatRfc3339 } from './rfc3339.ts';
import { type ServiceRef, serviceSubject } from './subject.ts';

interface ReplyContext {
  /** `/clusters/<cluster name>` */
  readonly source: string;
  readonly subject: ServiceRef;
  /** Null when the source Service is gone. */
  readonly sourceUid: Uid | null;
  /** The `now` of the decision, epoch milliseconds. */
  readonly decidedAt: number;
}

export function toReply(context: ReplyContext, data: ReplyData): ReplyEvent {
  const type = `io.zen-lead.leader.${data.decision}` as const;
  const { namespace, name } = context.subject;
  return {
    specversion: '1.0',
    id: `${context.sourceUid ?? `${namespace}.${name}`}/${data.epoch}/${type}/${data.reason}`,
    type,
    source: context.source,
    subject: serviceSubject(namespace, name),
    time: formatRfc3339(context.decidedAt),
    datacontenttype: 'application/json',
    data,
  };
}

export function clusterSource(clusterName: string): string {
  return `/clusters/${encodeURIComponent(clusterName)}`;
}
