/**
 * PodIndex: the pods of one namespace, and which of them each opted-in Service selects. Part of the
 * store.
 *
 * Guarantees: `members` is exact after every `put`, `remove` and `setSelector`. Where the watch
 * itself saw Ready change, readyChangedAt is not older than that moment. lastTransitionTime has
 * whole seconds, and a client that writes conditions may leave an old one. An instant in the future
 * does not survive a change of the pod, whether the kubelet's clock or this one was ahead.
 * Does not guarantee when a change during a gap of the watch happened. It counts from when it was
 * seen.
 */

import { type CandidateCondition, readinessOf } from '../../lib/selection/candidateCondition.ts';
import type { PodView } from '../../lib/selection/snapshot.ts';
import { createObjectIndex, type ObjectIndex } from '../watch/objectIndex.ts';
import { sameView } from '../watch/sameView.ts';
import { createSelectorIndex, type Selector } from './selectorIndex.ts';

export interface PodIndex extends ObjectIndex<PodView> {
  /** Null where this source selects no pods, or is not a source any more. */
  setSelector(source: string, selector: Selector | null): void;
  /** The pods that a source selects, by name. */
  members(source: string): ReadonlyMap<string, PodView>;
  /** Sources whose selector matches. */
  selecting(labels: PodView['labels']): readonly string[];
}

const noPods: ReadonlyMap<string, PodView> = new Map();

export function createPodIndex(now: () => number): PodIndex {
  const selectors = createSelectorIndex();
  const membersOf = new Map<string, Map<string, PodView>>();
  /**
   * Sources whose members have not been gathered yet: one pass over the pods serves all that came
   * since the last.
   */
  let ungathered = createSelectorIndex();

  function gather(): void {
    for (const source of ungathered.sources()) membersOf.set(source, new Map());
    for (const pod of index.byName.values())
      for (const source of ungathered.matching(pod.labels)) membersOf.get(source)?.set(pod.name, pod);
    ungathered = createSelectorIndex();
  }

  const index = createObjectIndex<PodView>({
    file(pod) {
      for (const source of selectors.matching(pod.labels)) membersOf.get(source)?.set(pod.name, pod);
    },
    unfile(pod) {
      for (const source of selectors.matching(pod.labels)) membersOf.get(source)?.delete(pod.name);
    },
    refine: (stored, seen) => withWitnessedReady(stored, seen, now),
  });

  return {
    ...index,
    setSelector(source, selector) {
      if (selector !== null && sameView(selectors.selectorOf(source), selector)) return;
      membersOf.delete(source);
      selectors.delete(source);
      ungathered.delete(source);
      if (selector === null) return;
      selectors.set(source, selector);
      ungathered.set(source, selector);
    },
    members(source) {
      if (ungathered.selectorOf(source) !== undefined) gather();
      return membersOf.get(source) ?? noPods;
    },
    selecting: selectors.matching,
  };
}

function withWitnessedReady(stored: PodView, seen: PodView, now: () => number): PodView {
  const seenAt = now();
  const readyChangedAt = witnessed('Ready', stored, seen, seenAt);
  const view =
    readyChangedAt === undefined || readyChangedAt === seen.readyChangedAt ? seen : { ...seen, readyChangedAt };
  if (seen.containers === undefined) return view;
  const changedAt = witnessed('ContainersReady', stored, seen, seenAt);
  if (changedAt === undefined || changedAt === seen.containers.changedAt) return view;
  return { ...view, containers: { ready: seen.containers.ready, changedAt } };
}

/** When the condition changed, by what the kubelet says and by what the watch has seen. */
function witnessed(condition: CandidateCondition, stored: PodView, seen: PodView, seenAt: number): number | undefined {
  const [before, after] = [stored, seen].map((pod) => readinessOf(pod, condition));
  const remembered = before?.ready === after?.ready ? before?.readyChangedAt : seenAt;
  const claims = [remembered, after?.readyChangedAt].filter((at) => at !== undefined);
  if (claims.length === 0) return undefined;
  const past = claims.filter((at) => at <= seenAt);
  return past.length === 0 ? seenAt : Math.max(...past);
}
