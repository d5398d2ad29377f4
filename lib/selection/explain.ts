/**
 * explain: says why this pod leads, why each other one does not, what happens next, and how each
 * annotation was read.
 *
 * It uses the same functions as `assess`, pod by pod.
 */

import { type Assessment, assessSituation } from './assess.ts';
import { compareText } from './compareText.ts';
import { viewsOf } from './elections/electionsOf.ts';
import { eligibleAt, isUnjudged, type Unfit, whyUnfit } from './fitness.ts';
import { isOurAnnotation } from './names.ts';
import { liveVerdicts, type OutsideVerdict } from './outsideVerdict.ts';
import { readSituation } from './situation.ts';
import type { Candidate, Snapshot } from './snapshot.ts';
import { byCreation } from './strategy.ts';

export type Standing =
  | { readonly kind: 'leader' }
  | { readonly kind: 'eligible' }
  /** Fit, but not Ready for long enough before that instant (epoch milliseconds). */
  | { readonly kind: 'waiting'; readonly eligibleAt: number }
  /** Fit, but its health check has no verdict on it yet. */
  | { readonly kind: 'unjudged' }
  /** Fit, but another pod leads by its role, or none does. */
  | { readonly kind: 'notPrimary' }
  | { readonly kind: 'unfit'; readonly why: Unfit };

export interface PodStanding {
  readonly pod: Candidate;
  readonly standing: Standing;
  /** The pod is kept as leader although it is not fit: by pause, grace or hold. */
  readonly keptAlthough: Unfit | null;
  /** What callers from outside say of it now. */
  readonly reports: readonly OutsideVerdict[];
}

export interface AnnotationReading {
  readonly annotation: string;
  readonly value: string;
  /** What would be accepted; null when the value can be read. */
  readonly expected: string | null;
}

export interface Explanation extends Assessment {
  /** Sorted by creation, then name. */
  readonly pods: readonly PodStanding[];
  /** Sorted by annotation. */
  readonly annotations: readonly AnnotationReading[];
}

/** Of a source with several elections, the first one; give the view of another one for that. */
export function explain(whole: Snapshot, now: number): Explanation {
  const [snapshot] = viewsOf(whole);
  const situation = readSituation(snapshot, now);
  const assessment = assessSituation(situation, now);
  if (situation === null) return { ...assessment, pods: [], annotations: [] };
  const { decision } = assessment;
  const { choice, read, source } = situation;

  const verdicts = liveVerdicts(situation.record.verdicts, now);
  const standingOf = (pod: Candidate): PodStanding => ({
    pod,
    ...toStanding(pod),
    reports: verdicts.filter((each) => each.pod === pod.uid),
  });
  const toStanding = (pod: Candidate): Pick<PodStanding, 'standing' | 'keptAlthough'> => {
    const why = whyUnfit(pod, choice.rules);
    if (pod.uid === decision.leader?.uid) return { standing: { kind: 'leader' }, keptAlthough: why };
    if (why !== null) return { standing: { kind: 'unfit', why }, keptAlthough: null };
    if (choice.settings.roleCheck !== null) return { standing: { kind: 'notPrimary' }, keptAlthough: null };
    if (isUnjudged(pod, choice.rules)) return { standing: { kind: 'unjudged' }, keptAlthough: null };
    const at = eligibleAt(pod, choice.rules, now);
    const isWaiting = choice.rules.minReadyMs > 0 && at > now;
    return {
      standing: isWaiting ? { kind: 'waiting', eligibleAt: at } : { kind: 'eligible' },
      keptAlthough: null,
    };
  };
  const annotations = Object.entries(source.annotations)
    .filter(([key]) => isOurAnnotation(key))
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([annotation, value]) => ({
      annotation: snapshot.election?.keys[annotation] ?? annotation,
      value,
      expected: read.unreadable.find((each) => each.annotation === annotation)?.expected ?? null,
    }));
  return { ...assessment, pods: snapshot.candidates.toSorted(byCreation).map(standingOf), annotations };
}
