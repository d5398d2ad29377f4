/** Renders one pass over a flow as lines of the timeline. */

import { formatRfc3339 } from '../../../lib/events/rfc3339.ts';
import type { Format, Output } from '../../output.ts';
import { type PassOutcome, passOutcomeOf, type ReplayedPass } from './decidePassAgain.ts';

const colours: Readonly<Record<PassOutcome['decision'], Format>> = {
  advanced: 'blue',
  kept: 'gray',
  finished: 'green',
  refused: 'red',
};

export function renderPass(replayed: ReplayedPass, paint: Output['paint']): string {
  const { pass } = replayed;
  const outcome = passOutcomeOf(replayed);
  const seen = pass.change === null ? pass.type : `${pass.change.kind} ${pass.change.name} ${pass.change.verb}`;
  const said =
    outcome === null
      ? paint('yellow', pass.status === 0 ? 'no answer' : 'not decided: the recording lacks the state')
      : paint(colours[outcome.decision], renderPassOutcome(outcome));
  const failed = pass.status === null || pass.status === 200 ? '' : paint('red', `  HTTP ${pass.status}`);
  return `${formatRfc3339(pass.at)}  ${pass.flow.namespace}/${pass.flow.name}  ${said}${failed}  ${paint('dim', seen)}`;
}

export function renderPassOutcome({ decision, phase, reason, changes }: PassOutcome): string {
  const state = [phase, reason].filter((part) => part !== null).join(' ');
  const moves = changes.map(
    (each) => `${each.step} ${[each.to, each.reason, attemptOf(each)].filter(Boolean).join(' ')}`,
  );
  return [`${decision}${state === '' ? '' : ` ${state}`}`, ...moves].join('; ');
}

function attemptOf({ attempt }: PassOutcome['changes'][number]): string {
  return attempt > 1 ? `(attempt ${attempt})` : '';
}
