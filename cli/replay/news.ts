/**
 * createNews: which looks of a timeline say something new about their Service. Most reconciles confirm what is.
 *
 * Guarantees: memory for one short text a Service.
 */

import { serviceKey } from '../../lib/selection/snapshot.ts';
import { outcomeOf, type Replayed } from './decideAgain.ts';

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

/** An election is followed by looks that find its leader fit: those are not news. */
function describe(replayed: Replayed): string {
  const outcome = outcomeOf(replayed);
  const isFailed = replayed.reconcile.status !== null && replayed.reconcile.status !== 200;
  const isSettled = outcome?.decision === 'elected' || outcome?.reason === 'LeaderFit';
  const state = isSettled ? 'leads' : `${outcome?.decision} ${outcome?.reason}`;
  const warnings = replayed.warnings.map(({ reason, value }) => `${reason} ${value}`);
  return JSON.stringify([
    state,
    replayed.keptAlthough,
    outcome?.leader?.uid ?? null,
    isFailed ? replayed.reconcile.status : null,
    warnings,
  ]);
}
