/**
 * Runs `zen-lead pin` and `zen-lead unpin`, which have one pod lead for as long as it is fit, and
 * end that.
 *
 * Guarantees: a pin that would not make its pod the leader is refused with the reason, and nothing
 * is written.
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { annotation } from '../../lib/selection/names.ts';
import { checkChoosable, checkPin, pinValue } from '../edit/checkPin.ts';
import { keyOf } from '../edit/currentState.ts';
import { editError } from '../edit/editError.ts';
import { editService, withService } from '../edit/editService.ts';

export function pin(values: Values<'pin'>): Promise<void> {
  return withService(values, async (session) => {
    checkChoosable(session.state, session.service);
    const pod = values.to ?? session.state.decision.leader?.name;
    if (pod === undefined) throw editError(session.service, 'no pod leads; name one with --to POD');
    checkPin(session.state, session.service, pod);
    const { state } = session;
    await editService(session, { [keyOf(state, annotation.pinLeader)]: pinValue(state, pod) }, values.dryRun);
  });
}

export function unpin(values: Values<'unpin'>): Promise<void> {
  return withService(values, async (session) => {
    await editService(session, { [keyOf(session.state, annotation.pinLeader)]: null }, values.dryRun);
  });
}
