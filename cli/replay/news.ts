/**
 * Picks the reconciles of a timeline that show something new about their Service. Most reconciles
 * confirm what is.
 *
 * Guarantees: it remembers one short text for each Service.
 */

import { serviceKey } from '../../lib/selection/snapshot.ts';
import { type Outcome, outcomeOf, type Replayed } from './decideAgain.ts';

type IsNews = (replayed: Replayed) => boolean;

export function createNews(): IsNews {
  const last = new Map<string, string>();
  return (replayed) => {
    const { reconcile, differs } = replayed;
    const key = serviceKey(reconcile.service.namespace, reconcile.service.name);
    const said = describe(replayed);
    const before = last.get(key);
    last.set(key, said);
    return said !== before || differs === true;
  };
}

/** The reconciles after an election find its leader fit, which is not news. */
function stateOf(outcome: Outcome | null): string {
  const isSettled = outcome?.decision === 'elected' || outcome?.reason === 'LeaderFit';
  return isSettled ? 'leads' : `${outcome?.decision} ${outcome?.reason}`;
}

function describe(replayed: Replayed): string {
  const outcome = outcomeOf(replayed);
  const isFailed = replayed.reconcile.status !== null && replayed.reconcile.status !== 200;
  const warnings = replayed.warnings.map(({ reason, value }) => `${reason} ${value}`);
  return JSON.stringify([
    stateOf(outcome),
    replayed.keptAlthough,
    outcome?.leader?.uid ?? null,
    isFailed ? replayed.reconcile.status : null,
    warnings,
    replayed.elections.slice(1).map((each) => [stateOf(each), each.leader?.uid ?? null]),
  ]);
}
