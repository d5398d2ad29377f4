/**
 * roleWarnings: warns where the pods of a role check do not agree, where none answers, and where a
 * user also asks for something that a role check overrules.
 * docs/reference/annotations.md#role-checks
 */

import { excerpt } from './boundValue.ts';
import type { Choice } from './choose.ts';
import { claimantsAmong } from './chooseByRole.ts';
import { compareText } from './compareText.ts';
import type { Warning } from './decision.ts';
import { whyUnfit } from './fitness.ts';
import { annotation } from './names.ts';
import type { Situation } from './situation.ts';
import type { Candidate } from './snapshot.ts';
import { byCreation } from './strategy.ts';

/** What chooses, or judges, where no role check does. */
export const overruledByRole: readonly string[] = [
  annotation.pinLeader,
  annotation.strategy,
  annotation.preferredNodes,
  annotation.preferredZones,
  annotation.healthCheck,
  annotation.handover,
];

export function roleWarnings(situation: Situation, choice: Choice): readonly Warning[] {
  const { roleCheck } = situation.read.settings;
  if (roleCheck === null) return [];
  const { candidates, rules } = situation.choice;
  const fit = candidates.filter((pod) => whyUnfit(pod, rules) === null).toSorted(byCreation);
  return [
    ...overruledWarnings(situation),
    ...claimWarnings(fit),
    ...silenceWarnings(fit, situation.source.annotations[annotation.roleCheck] ?? ''),
    ...heldWarnings(choice),
  ];
}

function overruledWarnings({ source }: Situation): readonly Warning[] {
  return overruledByRole
    .filter((key) => source.annotations[key] !== undefined)
    .map((key) => ({
      reason: 'RoleDecides',
      value: key,
      message: `${key} has no effect beside ${annotation.roleCheck}: the pod that says that it is the primary leads.`,
    }));
}

function claimWarnings(fit: readonly Candidate[]): readonly Warning[] {
  const names = claimantsAmong(fit)
    .map(({ name }) => name)
    .toSorted(compareText);
  if (names.length < 2) return [];
  const message = `${names.length} pods say that they are the primary: ${names.join(', ')}. The leader stays if it is one of them, else the newest claim leads.`;
  return [{ reason: 'TwoPrimaries', value: names.join(','), message }];
}

/** Not one answer: most likely the check is wrong. */
function silenceWarnings(fit: readonly Candidate[], check: string): readonly Warning[] {
  const [first] = fit;
  if (first === undefined || fit.some(({ health }) => health?.verdict !== 'failing')) return [];
  const shown = excerpt(check);
  const detail = first.health?.detail === undefined ? '' : ` (${first.health.detail})`;
  const message = `No pod answers ${annotation.roleCheck} "${shown}"${detail}. A leader stays, and none is elected.`;
  return [{ reason: 'HealthCheckFailing', value: shown, message }];
}

function heldWarnings({ reason, outcome, pod }: Choice): readonly Warning[] {
  if (reason !== 'NoPrimary' || outcome !== 'kept' || pod === null) return [];
  const message = `No pod says that it is the primary: pod "${pod.name}" stays, because ${annotation.noLeader} is hold.`;
  return [{ reason: 'NoPrimary', value: pod.name, message }];
}
