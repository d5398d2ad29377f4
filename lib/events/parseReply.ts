/**
 * Parses a function's answer, and a reply in a recording.
 *
 * Guarantees: INPUT_INVALID with the path for anything that is not one of our replies.
 */

import { inputError } from '../errors.ts';
import type { Envelope } from './envelope.ts';
import { firstIssue } from './firstIssue.ts';
import { type ReplyEvent, replyTypes } from './reply.ts';
import { replyDataZod } from './replySchema.ts';
import { formatRfc3339 } from './rfc3339.ts';
import { parseSubject, serviceSubject } from './subject.ts';

export function parseReply(envelope: Envelope): ReplyEvent {
  const type = replyTypes.find((each) => each === envelope.type);
  if (type === undefined) throw inputError('type', `must be one of ${replyTypes.join(', ')}`);
  if (envelope.time === undefined) throw inputError('time', 'is missing');
  if (envelope.data.kind === 'unreadable') throw inputError('data', envelope.data.problem);
  if (envelope.data.kind !== 'json') throw inputError('data', 'must be JSON');
  const data = replyDataZod.safeParse(envelope.data.value);
  if (!data.success) {
    const { path, problem } = firstIssue('data', data.error);
    throw inputError(path, problem, data.error);
  }
  const { namespace, name, election, slot } = parseSubject(envelope.subject);
  return {
    specversion: '1.0',
    id: envelope.id,
    type,
    source: envelope.source,
    subject: serviceSubject(namespace, name, election, slot),
    time: formatRfc3339(envelope.time),
    datacontenttype: 'application/json',
    data: data.data,
  };
}
