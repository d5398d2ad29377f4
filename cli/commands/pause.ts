/**
 * Runs `zen-lead pause` and `zen-lead resume`, which freeze the leader and end that.
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { annotation } from '../../lib/selection/names.ts';
import { keyOf } from '../edit/currentState.ts';
import { editService, withService } from '../edit/editService.ts';

export function pause(values: Values<'pause'>): Promise<void> {
  return withService(values, async (session) => {
    await editService(session, { [keyOf(session.state, annotation.paused)]: 'true' }, values.dryRun);
  });
}

export function resume(values: Values<'resume'>): Promise<void> {
  return withService(values, async (session) => {
    await editService(session, { [keyOf(session.state, annotation.paused)]: null }, values.dryRun);
  });
}
