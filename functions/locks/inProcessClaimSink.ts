/**
 * Runs the function of ManualLocks in the process of the bridge. Nothing is serialised.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Sink } from '../../lib/events/sink.ts';
import type { ClaimEvent, ClaimReply } from '../../lib/lock/claims/claimEvent.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { toAnswer } from '../answer.ts';
import { type ClaimDeps, onManualLockEvent } from './onManualLockEvent.ts';

export function createInProcessClaimSink(deps: ClaimDeps & { readonly log: Logger }): Sink<ClaimEvent, ClaimReply> {
  return async ({ id, source, subject, data }, signal) => {
    try {
      if (signal.aborted) throw new ZenLeadError('ABORTED', 'given up: the caller has gone', { retry: 'never' });
      const reply = await onManualLockEvent(data, deps, signal);
      const time = new Date(deps.now()).toISOString();
      const type = `io.zen-lead.lock.${reply.decision}` as const;
      return {
        status: 200,
        reply: { specversion: '1.0', id: `${id}/reply`, type, source, subject, time, data: reply },
      };
    } catch (error) {
      // Over HTTP there would be no answer either.
      if (signal.aborted || codeOf(error) === 'ABORTED') throw error;
      const { status, retryAfterMs, body } = toAnswer(error);
      deps.log.warn({ err: error, subject }, 'a ManualLock could not be decided on');
      return {
        status,
        detail: body.message,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(body.scope !== undefined && { scope: body.scope }),
      };
    }
  };
}
