/**
 * Parses a function's answer about a flow.
 *
 * Guarantees: INPUT_INVALID with the path for anything that is not one of our replies.
 */

import { inputError } from '../../errors.ts';
import type { Envelope } from '../../events/envelope.ts';
import { firstIssue } from '../../events/firstIssue.ts';
import { formatRfc3339 } from '../../events/rfc3339.ts';
import { flowReplyDataZod } from './flowSchema.ts';
import { flowSubject, parseFlowSubject } from './flowSubject.ts';

/** What a bridge reads of a reply. */
export interface ParsedFlowReply {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly data: ReturnType<typeof flowReplyDataZod.parse>;
}

export function parseFlowReply({ id, type, source, subject, time, data }: Envelope): ParsedFlowReply {
  if (!type.startsWith('io.zen-flow.flow.')) throw inputError('type', 'must be one of io.zen-flow.flow.*');
  if (time === undefined) throw inputError('time', 'is missing');
  if (data.kind === 'unreadable') throw inputError('data', data.problem);
  if (data.kind !== 'json') throw inputError('data', 'must be JSON');
  const parsed = flowReplyDataZod.safeParse(data.value);
  if (!parsed.success) {
    const { path, problem } = firstIssue('data', parsed.error);
    throw inputError(path, problem, parsed.error);
  }
  const about = flowSubject(parseFlowSubject(subject ?? ''));
  return { specversion: '1.0', id, type, source, subject: about, time: formatRfc3339(time), data: parsed.data };
}
