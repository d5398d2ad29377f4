/**
 * `zen-lead switchover`: moves the lead to another pod now, by a pin that is taken away again.
 *
 *   1. Which pod: `--to`, or the one that the rules would choose if the leader were gone.
 *   2. Pin it, and wait until it leads.
 *   3. Without the pin, would it still lead? Then the pin goes; else it stays, and that is said.
 *
 * Guarantees: when it does not move in time, or on Ctrl-C, the pin is taken back as it was. Every write says what it was decided on (S3).
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { annotation } from '../../lib/selection/names.ts';
import { annotate } from '../edit/annotate.ts';
import { checkPin } from '../edit/checkPin.ts';
import { imagine, readCurrentState } from '../edit/currentState.ts';
import { editError } from '../edit/editError.ts';
import { type EditSession, editService, say, withService } from '../edit/editService.ts';
import { untilRouted } from '../edit/untilRouted.ts';
import { successorOf } from '../explain/explainDocument.ts';

/** For taking the pin back when the person has already pressed Ctrl-C. */
const TAKE_BACK_WITHIN_MS = 10_000;

export function switchover(values: Values<'switchover'>): Promise<void> {
  return withService(values, async (session) => {
    const { service, state } = session;
    const { leader } = state.decision;
    const pod = values.to ?? successorOf(state.snapshot, leader, Date.now())?.name;
    if (pod === undefined) {
      throw editError(service, leader === null ? 'nobody leads that could be moved' : 'no other pod could lead now');
    }
    checkPin(state, service, pod);
    if (leader?.name === pod) {
      say(`${pod} leads already`);
      return;
    }
    try {
      const moved = await editService(session, { [annotation.pinLeader]: pod }, values.dryRun);
      if (moved !== null) await letGo(session, pod);
    } catch (error) {
      await takeBack(session, pod);
      throw error;
    }
  });
}

/** The state is read again: the pin has changed the Service's version. */
async function letGo({ api, service, timeoutMs, signal, state: before }: EditSession, pod: string): Promise<void> {
  const state = await readCurrentState(api, service, signal);
  const unpin = { [annotation.pinLeader]: null };
  const former = before.source.annotations[annotation.pinLeader];
  if (imagine(state, unpin).decision.leader?.name !== pod) {
    say(
      `the pin stays${former === undefined ? '' : ` in place of the one on ${former}`}: without it the rules would move the lead away again; zen-lead unpin lets it go`,
    );
    return;
  }
  await annotate(api, state.source, unpin, signal);
  await untilRouted(api, service, timeoutMs, signal);
  const also = former === undefined ? '' : `, and so is the one on ${former} that was there before`;
  say(`the pin is taken away again${also}; the leader stays because it is fit`);
}

/** As it was before, unless somebody else has changed it meanwhile. */
async function takeBack({ api, service, state: before }: EditSession, pod: string): Promise<void> {
  const signal = AbortSignal.timeout(TAKE_BACK_WITHIN_MS);
  const state = await readCurrentState(api, service, signal);
  if (state.source.annotations[annotation.pinLeader] !== pod) return;
  if (state.record.leader?.name === pod) return;
  const former = before.source.annotations[annotation.pinLeader] ?? null;
  await annotate(api, state.source, { [annotation.pinLeader]: former }, signal);
  say('the lead has not moved; the pin is taken back');
}
