/**
 * compactSnapshot: leaves out of a snapshot the candidates that cannot matter to its decision, so
 * that one of thousands of pods fits into an event (docs/reference/events.md#compact-snapshots).
 *
 * Guarantees: pure. From `now` minus what clocks may differ (MAX_AHEAD_MS) on, the rules decide and
 * write the same on both, at every instant. So does an older function, which takes what is left
 * for the whole.
 * A rule that reads candidates in another way has to find its pods here, and in the test.
 * Does not guarantee the same timers: one that could change nothing is left out with its pod.
 */

import { strategyContext } from './choose.ts';
import { viewsOf } from './elections/electionsOf.ts';
import {
  eligibleAt,
  type FitnessRules,
  isUnjudged,
  MAX_AHEAD_MS,
  readyAlone,
  type Unfit,
  whyUnfit,
} from './fitness.ts';
import { readSituation, type Situation } from './situation.ts';
import type { Candidate, Omitted, Snapshot } from './snapshot.ts';
import { byCreation, orderByStrategy } from './strategy.ts';
import { followersName } from './wantedNames.ts';
import { podWarnings } from './warnings.ts';

/** Of the pods that may lead, for readers of a recording. The rules need none of them. */
const FEW = 8;

/** Returns the snapshot itself where nothing can be left out. */
export function compactSnapshot(snapshot: Snapshot, now: number, few = FEW): Snapshot {
  const views = viewsOf(snapshot);
  const situations = views.flatMap((view) => readSituation(view, now) ?? []);
  const [situation] = situations;
  if (situation === undefined || situations.some(routesToAll)) return snapshot;
  // Each election may take the first pod away from the next one.
  const kept = new Set(situations.flatMap((each) => [...findWhatMatters(each, now, few, situations.length)]));
  const omitted = snapshot.candidates.filter((pod) => !kept.has(pod));
  if (omitted.length === 0) return snapshot;
  const candidates = snapshot.candidates.filter((pod) => kept.has(pod));
  return { ...snapshot, candidates, omitted: count(omitted, situation.choice.rules) };
}

/** Followers are every other Ready pod. */
function routesToAll({ source, read }: Situation): boolean {
  return followersName(source.name, read.settings.followers) !== null;
}

function findWhatMatters(
  { choice, record }: Situation,
  now: number,
  few: number,
  elections: number,
): ReadonlySet<Candidate> {
  const { candidates, settings } = choice;
  // What a sibling leads may be free when this one is decided.
  const { taken: _taken, ...rules } = choice.rules;
  const matters = candidates.filter(
    (pod) =>
      pod.uid === record.leader?.uid ||
      pod.uid === record.announced.leaderUid ||
      pod.uid === record.handoverFrom?.uid ||
      pod.name === settings.pinLeader ||
      isAhead(pod, now) ||
      // It may become fit when a report ends.
      record.verdicts.some((verdict) => verdict.pod === pod.uid) ||
      // It says that it leads.
      pod.health?.role === 'primary' ||
      podWarnings([pod], settings.strategy).length > 0,
  );
  const named = new Set(matters);
  const others = candidates.filter((pod) => !named.has(pod));
  const ready = readyAlone(rules);
  const inOrder = (by: FitnessRules): readonly Candidate[] =>
    orderByStrategy(
      others.filter((pod) => standingOf(pod, by) === 'fit'),
      strategyContext(choice),
    );
  const mayLead = inOrder(rules);
  return new Set([
    ...matters,
    ...firstOfEachKind(others, rules),
    ...everyFirst(mayLead, rules, now, elections),
    ...mayLead.slice(0, few),
    // As a last resort Ready alone decides.
    ...(rules.isChecked || record.verdicts.length > 0 ? everyFirst(inOrder(ready), ready, now, elections) : []),
  ]);
}

/**
 * An instant that is ahead of `now` may be too far ahead for another clock, and say nothing there.
 * The rest of the pods become eligible at one instant, whichever clock is asked.
 */
function isAhead({ readyChangedAt = 0, createdAt, health }: Candidate, now: number): boolean {
  return Math.max(readyChangedAt, createdAt, health?.since ?? 0) > now;
}

/** Why no pod leads follows from which kinds there are. */
function firstOfEachKind(pods: readonly Candidate[], rules: FitnessRules): readonly Candidate[] {
  const first = new Map<string, Candidate>();
  for (const pod of pods) {
    // Between roles it also counts whether each pod, or any, has answered.
    const kind = `${standingOf(pod, rules)} ${pod.health?.verdict} ${pod.health?.role}`;
    const known = first.get(kind);
    if (known === undefined || byCreation(pod, known) < 0) first.set(kind, pod);
  }
  return [...first.values()];
}

/**
 * Finds each pod that is among the first `count` at some instant, while more and more of those in
 * order become eligible. It becomes eligible before all but `count - 1` of the pods that precede
 * it.
 */
function everyFirst(
  inOrder: readonly Candidate[],
  rules: FitnessRules,
  now: number,
  count: number,
): readonly Candidate[] {
  const earliestBefore: number[] = [];
  return inOrder.filter((pod) => {
    // No clock that decides is behind that, so of the pods that are eligible by then `count` are
    // enough.
    const at = Math.max(eligibleAt(pod, rules, now), now - MAX_AHEAD_MS);
    if (earliestBefore.length >= count && at >= (earliestBefore[count - 1] ?? 0)) return false;
    earliestBefore.push(at);
    earliestBefore.sort((a, b) => a - b);
    earliestBefore.length = Math.min(earliestBefore.length, count);
    return true;
  });
}

function standingOf(pod: Candidate, rules: FitnessRules): Unfit | 'unjudged' | 'fit' {
  return whyUnfit(pod, rules) ?? (isUnjudged(pod, rules) ? 'unjudged' : 'fit');
}

function count(pods: readonly Candidate[], rules: FitnessRules): Omitted {
  const counts: Record<string, number> = {};
  for (const pod of pods) {
    const standing = standingOf(pod, rules);
    counts[standing] = (counts[standing] ?? 0) + 1;
  }
  return counts;
}
