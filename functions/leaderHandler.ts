/**
 * createLeaderHandler: handles the events of leaders, and verdicts from outside.
 *
 * Guarantees: a reporter of verdicts can do nothing else.
 */

import { ZenLeadError } from '../lib/errors.ts';
import { type IncomingEvent, parseEvent } from '../lib/events/parseEvent.ts';
import { wrongSender } from './authenticate.ts';
import { dispatch } from './dispatch.ts';
import type { EventHandler } from './eventHandler.ts';
import type { Reconciler } from './reconcile/reconciler.ts';
import { parseAlerts } from './verdicts/parseAlerts.ts';
import { receiveAlerts } from './verdicts/receiveAlerts.ts';
import type { VerdictIntake } from './verdicts/verdictIntake.ts';

export interface LeaderHandlerDeps {
  readonly reconciler: Reconciler;
  /** Absent: verdicts from outside are refused. */
  readonly verdicts?: VerdictIntake | undefined;
}

export function createLeaderHandler({ reconciler, verdicts }: LeaderHandlerDeps): EventHandler<IncomingEvent> {
  return {
    parse: parseEvent,
    async handle(event, { sender, authorization, signal }) {
      if (event.kind === 'verdict') {
        const { id, subject: service, report } = event;
        return [await takeIntake(verdicts).report(authorization, { id, service, report }, signal)];
      }
      if (sender === 'reporter') throw wrongSender('a reporter of verdicts');
      return dispatch(event, sender === 'trusted', reconciler, signal);
    },
    handleAlerts: async (body, { authorization, signal }) => {
      const intake = takeIntake(verdicts);
      return receiveAlerts(parseAlerts(body), authorization, intake, signal);
    },
    readSchemas: async () => (await import('../lib/events/schemaFiles.ts')).toSchemaFiles(),
  };
}

function takeIntake(verdicts: VerdictIntake | undefined): VerdictIntake {
  if (verdicts !== undefined) return verdicts;
  const message = 'verdicts from outside are not accepted here; --accept-verdicts turns them on';
  throw new ZenLeadError('REPORT_REFUSED', message, { retry: 'never' });
}
