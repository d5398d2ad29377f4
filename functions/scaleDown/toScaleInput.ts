/**
 * toScaleInput: says what one reconcile knows of scale-down: what the Service asks for, who leads,
 * and what is written down. Null for a Service that neither asks for it nor has anything to undo.
 */

import type { Facts, ScaleInput, ScaleLeader, ScaleSetting } from '../../lib/scaleDown/scaleInput.ts';
import { mayTakeOver } from '../../lib/selection/choose.ts';
import type { Decision, Reason } from '../../lib/selection/decision.ts';
import { activeOf, electionNames } from '../../lib/selection/elections/electionSettings.ts';
import { readyCountsFrom } from '../../lib/selection/fitness.ts';
import { annotation } from '../../lib/selection/names.ts';
import { isStanding, type Refusal } from '../../lib/selection/scaleRecord.ts';
import { readSituation, type Situation } from '../../lib/selection/situation.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { usesScaleDown } from '../../lib/selection/usesScaleDown.ts';

/** A leader that is kept although it is not fit. */
const unfitReasons: ReadonlySet<Reason> = new Set<Reason>([
  'FailoverDelayed',
  'Held',
  'AllReported',
  'AllUnhealthy',
  'NoPrimary',
  'LastResort',
]);

/** Of a pool, the first slot stands for all. */
export function isConcerned(snapshot: Snapshot): boolean {
  return (snapshot.election?.slot ?? 0) === 0 && usesScaleDown(snapshot);
}

export interface ScaleView {
  readonly situation: Situation;
  readonly input: Omit<ScaleInput, 'facts'> & { readonly facts: Facts };
}

/** `view`: with what this reconcile has written. */
export function toScaleInput(view: Snapshot, decision: Decision, now: number): ScaleView | null {
  const situation = readSituation(view, now);
  if (situation === null) return null;
  const { record, read, choice, source } = situation;
  const incumbent = view.candidates.find(({ uid }) => uid === decision.leader?.uid);
  const electable = view.candidates.filter(
    (pod) => incumbent !== undefined && mayTakeOver(pod, incumbent, choice, now),
  );
  return {
    situation,
    input: {
      setting: readSetting(situation),
      isFrozen: choice.hasUnreadable || read.settings.paused,
      conflict: findConflict(situation),
      leader: readLeader(situation, decision, now),
      electable: new Set(electable.map(({ uid }) => uid)),
      record: record.scale,
      remembered: record.service?.annotations[annotation.scaleRestore],
      facts: {},
    },
  };

  function readSetting({ snapshot }: Situation): ScaleSetting | null {
    const value = source.annotations[annotation.scaleDown];
    const isUnreadable = (key: string): boolean => read.unreadable.some((each) => each.annotation === key);
    const isOptedOut = !read.settings.enabled && !isUnreadable(annotation.enabled);
    const isOfSource = snapshot.election === undefined || isFirstOf(snapshot);
    if (value === undefined || isOptedOut || source.terminating || !isOfSource) return null;
    // A value that cannot be read changes nothing.
    const warm = read.settings.scaleDown ?? (isStanding(record.scale) ? record.scale.to - 1 : 0);
    return { warm, afterMs: read.settings.scaleDownAfterMs, value };
  }
}

/** The setting is of the whole Service, so its first election says what becomes of it. */
function isFirstOf({ election, source }: Snapshot): boolean {
  const [first] = electionNames(source?.annotations ?? {}) ?? [election?.election];
  return election?.isWanted === true && election.election === first;
}

function findConflict({ source, read }: Situation): Refusal | null {
  const { annotations } = source;
  if (read.settings.followers !== false)
    return { reason: 'Followers', message: 'the Service asks for followers, which scale-down takes away.' };
  const isSeveral = (electionNames(annotations)?.length ?? 1) > 1 || (activeOf(annotations, '') ?? 1) > 1;
  return isSeveral ? { reason: 'SeveralLeaders', message: 'the Service asks for several leaders.' } : null;
}

function readLeader({ record, snapshot }: Situation, decision: Decision, now: number): ScaleLeader | null {
  const { leader, reason } = decision;
  const pod = snapshot.candidates.find(({ uid }) => uid === leader?.uid);
  if (leader === null || pod === undefined) return null;
  const isFit = pod.ready && !pod.terminating && pod.phase === 'Running' && !unfitReasons.has(reason);
  // It was made the leader for this very purpose.
  const isOurs = record.reason === 'ScaleDownSurvivor' && record.leader?.uid === leader.uid;
  const ledFrom = isOurs ? Number.NEGATIVE_INFINITY : (record.lastSwitchAt ?? now);
  return { uid: leader.uid, name: leader.name, isFit, settledAt: Math.max(ledFrom, readyCountsFrom(pod, now)) };
}
