/**
 * Runs the function of schedules in the process of the bridge. Nothing is serialised.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Sink } from '../../lib/events/sink.ts';
import {
  parseScheduleSubject,
  type ScheduleEvent,
  type ScheduleReply,
  toScheduleReply,
} from '../../lib/flow/events/scheduleEvent.ts';
import { toAnswer } from '../answer.ts';
import { onScheduleEvent, type ScheduleDeps } from './onScheduleEvent.ts';

export function createInProcessScheduleSink(deps: ScheduleDeps): Sink<ScheduleEvent, ScheduleReply> {
  return async ({ source, subject }, signal) => {
    try {
      if (signal.aborted) throw new ZenLeadError('ABORTED', 'given up: the caller has gone', { retry: 'never' });
      const ref = parseScheduleSubject(subject);
      const data = await onScheduleEvent(ref, deps, signal);
      return { status: 200, reply: toScheduleReply(source, ref, data, deps.now()) };
    } catch (error) {
      // Over HTTP there would be no answer either.
      if (signal.aborted || codeOf(error) === 'ABORTED') throw error;
      const { status, retryAfterMs, body } = toAnswer(error);
      deps.log.warn({ err: error, subject }, 'a schedule could not be decided on');
      return {
        status,
        detail: body.message,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(body.scope !== undefined && { scope: body.scope }),
      };
    }
  };
}
