/**
 * Runs `zen-lead switchover`, which moves the lead to another pod now, by a pin that it removes
 * again.
 *
 *   1. Choose the pod: `--to`, or the one that the rules would choose if the leader were gone.
 *   2. Pin it, and wait until it leads.
 *   3. Remove the pin if the pod would lead without it; else leave it, and say so.
 *
 * Guarantees: when the lead does not move in time, or on Ctrl-C, the pin is set back as it was.
 * Every write names the state that it was decided on (S3).
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { annotation } from '../../lib/selection/names.ts';
import { annotate } from '../edit/annotate.ts';
import { checkChoosable, checkPin, pinValue } from '../edit/checkPin.ts';
import { imagine, keyOf, readCurrentState } from '../edit/currentState.ts';
import { editError } from '../edit/editError.ts';
import { type EditSession, editService, say, withService } from '../edit/editService.ts';
import { untilRouted } from '../edit/untilRouted.ts';
import { successorOf } from '../explain/explainDocument.ts';

/** To set the pin back when the person has already pressed Ctrl-C. */
const TAKE_BACK_WITHIN_MS = 10_000;

export function switchover(values: Values<'switchover'>): Promise<void> {
  return withService(values, async (session) => {
    const { service, state } = session;
    const { leader } = state.decision;
    checkChoosable(state, service);
    const pod = values.to ?? successorOf(state.snapshot, leader, Date.now())?.name;
    if (pod === undefined) {
      throw editError(service, leader === null ? 'no pod leads that could be moved' : 'no other pod could lead now');
    }
    checkPin(state, service, pod);
    if (leader?.name === pod) {
      say(`${pod} leads already`);
      return;
    }
    try {
      const pinned = { [keyOf(state, annotation.pinLeader)]: pinValue(state, pod) };
      const moved = await editService(session, pinned, values.dryRun);
      if (moved !== null) await letGo(session, pod);
    } catch (error) {
      await takeBack(session, pod);
      throw error;
    }
  });
}

/** Reads the state again, because the pin has changed the Service's version. */
async function letGo({ api, service, timeoutMs, signal, state: before }: EditSession, pod: string): Promise<void> {
  const state = await readCurrentState(api, service, signal);
  const key = keyOf(state, annotation.pinLeader);
  const unpin = { [key]: null };
  const former = before.source.annotations[key];
  if (imagine(state, unpin).decision.leader?.name !== pod) {
    say(
      `the pin stays${former === undefined ? '' : ` instead of the one on ${former}`}: without it the rules would move the lead away again; zen-lead unpin lets it go`,
    );
    return;
  }
  await annotate(api, state.source, unpin, signal);
  await untilRouted(api, service, timeoutMs, signal);
  const also = former === undefined ? '' : `, and so is the one on ${former} that was there before`;
  say(`the pin is taken away again${also}; the leader stays because it is fit`);
}

/** Sets the pin back as it was, unless another client has changed it meanwhile. */
async function takeBack({ api, service, state: before }: EditSession, pod: string): Promise<void> {
  const signal = AbortSignal.timeout(TAKE_BACK_WITHIN_MS);
  const state = await readCurrentState(api, service, signal);
  const key = keyOf(state, annotation.pinLeader);
  if (state.source.annotations[key] !== pinValue(state, pod)) return;
  if (state.record.leader?.name === pod) return;
  const former = before.source.annotations[key] ?? null;
  await annotate(api, state.source, { [key]: former }, signal);
  say('the lead has not moved; the pin is taken back');
}
