/**
 * ScheduleEvent: that a bridge has seen a change of one JobFlowSchedule, or that its time has come.
 * ScheduleReply: what the function answers.
 *
 * It is always a hint: a schedule acts once a minute at most, and reading it costs two requests. So
 * every sender may send one.
 */

import { z } from 'zod';
import { inputError } from '../../errors.ts';
import type { Envelope } from '../../events/envelope.ts';
import { hashId } from '../../events/eventId.ts';
import { firstIssue } from '../../events/firstIssue.ts';
import { MAX_RECHECK_MS } from '../../events/recheckDelay.ts';
import { formatRfc3339 } from '../../events/rfc3339.ts';
import type { FlowRef } from './flowEvent.ts';
import { isObjectName } from './flowSubject.ts';

export type ScheduleVerb = 'added' | 'modified' | 'deleted' | 'resync' | 'recheck';

export interface ScheduleEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: `io.zen-flow.jobflowschedule.${ScheduleVerb}`;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly partitionkey: string;
  readonly traceparent?: string;
  readonly data: {
    readonly change: {
      readonly kind: 'JobFlowSchedule' | 'JobFlow';
      readonly name: string;
      readonly verb: ScheduleVerb;
    };
    /** Epoch milliseconds. It has passed: nothing in the event is to be decided on. */
    readonly deadline: number;
  };
}

export interface ScheduleReplyData {
  readonly decision: 'started' | 'kept' | 'refused';
  /** The flow that was made. */
  readonly flow?: string;
  readonly recheckAfterMs?: number;
  /** What was read is not sent along. */
  readonly snapshot?: never;
}

export interface ScheduleReply {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: `io.zen-flow.schedule.${ScheduleReplyData['decision']}`;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: ScheduleReplyData;
}

const SUBJECT = /^namespaces\/([^/]+)\/jobflowschedules\/([^/]+)$/;

export function scheduleSubject({ namespace, name }: FlowRef): string {
  return `namespaces/${namespace}/jobflowschedules/${name}`;
}

/** Throws `INPUT_INVALID`. */
export function parseScheduleSubject(subject: string): FlowRef {
  const [, namespace = '', name = ''] = SUBJECT.exec(subject) ?? [];
  if (!isObjectName(namespace) || !isObjectName(name))
    throw inputError('subject', 'must be namespaces/<namespace>/jobflowschedules/<schedule>, both names of Kubernetes');
  return { namespace, name };
}

export function toScheduleReply(source: string, ref: FlowRef, data: ScheduleReplyData, at: number): ScheduleReply {
  const type = `io.zen-flow.schedule.${data.decision}` as const;
  const [subject, time] = [scheduleSubject(ref), formatRfc3339(at)];
  const id = hashId([type, subject, time, JSON.stringify(data)]);
  return { specversion: '1.0', id, type, source, subject, time, datacontenttype: 'application/json', data };
}

const replyZod = z.object({
  decision: z.enum(['started', 'kept', 'refused']),
  flow: z.string().exactOptional(),
  recheckAfterMs: z.int().min(0).max(MAX_RECHECK_MS).exactOptional(),
}) satisfies z.ZodType<Omit<ScheduleReplyData, 'snapshot'>>;

/** Throws `INPUT_INVALID` for anything else than such a reply. */
export function parseScheduleReply({ type, data }: Envelope): { readonly data: ScheduleReplyData } {
  if (!type.startsWith('io.zen-flow.schedule.')) throw inputError('type', 'must be one of io.zen-flow.schedule.*');
  if (data.kind !== 'json') throw inputError('data', 'must be JSON');
  const parsed = replyZod.safeParse(data.value);
  if (parsed.success) return { data: parsed.data };
  const { path, problem } = firstIssue('data', parsed.error);
  throw inputError(path, problem, parsed.error);
}
