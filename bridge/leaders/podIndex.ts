/**
 * PodIndex: the pods of one namespace, and which of them each opted-in Service selects. Part of the store.
 *
 * Guarantees: `members` is exact after every `apply` and `setSelector`. Where the watch itself saw Ready change, readyChangedAt is
 * not older than that moment: lastTransitionTime has whole seconds, and a client that writes conditions may leave an old one.
 * Not guaranteed: when a change during a gap of the watch happened. It counts from when it was seen.
 */

import type { PodView } from '../../lib/selection/snapshot.ts';
import type { ObjectChange } from '../watch/objectChange.ts';
import { sameView } from '../watch/sameView.ts';
import { createSelectorIndex, type Selector } from './selectorIndex.ts';

export interface PodIndex {
  readonly byName: ReadonlyMap<string, PodView>;
  /** What changed to the rules, with the views as stored; null when nothing did. */
  apply(change: ObjectChange<PodView>, now: number): ObjectChange<PodView> | null;
  /** Null: this source selects no pods, or is no longer one. */
  setSelector(source: string, selector: Selector | null): void;
  /** The pods that a source selects, by name. */
  members(source: string): ReadonlyMap<string, PodView>;
  /** Sources whose selector matches. */
  selecting(labels: PodView['labels']): readonly string[];
}

const nobody: ReadonlyMap<string, PodView> = new Map();

export function createPodIndex(): PodIndex {
  const byName = new Map<string, PodView>();
  const selectors = createSelectorIndex();
  const membersOf = new Map<string, Map<string, PodView>>();
  /** Sources whose members have not been gathered yet: one pass over the pods serves all that came since the last. */
  let ungathered = createSelectorIndex();

  function gather(): void {
    for (const source of ungathered.sources()) membersOf.set(source, new Map());
    for (const pod of byName.values())
      for (const source of ungathered.matching(pod.labels)) membersOf.get(source)?.set(pod.name, pod);
    ungathered = createSelectorIndex();
  }

  function remove(pod: PodView): void {
    byName.delete(pod.name);
    for (const source of selectors.matching(pod.labels)) membersOf.get(source)?.delete(pod.name);
  }

  return {
    byName,
    apply(change, now) {
      const stored = byName.get(change.object.name);
      if (change.kind === 'deleted') {
        if (stored !== undefined) remove(stored);
        return stored === undefined ? null : { kind: 'deleted', object: stored };
      }
      const object = withWitnessedReady(stored, change.object, now);
      if (stored !== undefined) {
        if (sameView(stored, object)) return null;
        remove(stored);
      }
      byName.set(object.name, object);
      for (const source of selectors.matching(object.labels)) membersOf.get(source)?.set(object.name, object);
      return stored === undefined ? { kind: 'added', object } : { kind: 'modified', object, previous: stored };
    },
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
      return membersOf.get(source) ?? nobody;
    },
    selecting: selectors.matching,
  };
}

function withWitnessedReady(stored: PodView | undefined, seen: PodView, now: number): PodView {
  if (stored === undefined || stored.uid !== seen.uid) return seen;
  const earliest = stored.ready === seen.ready ? stored.readyChangedAt : now;
  if (earliest === undefined || (seen.readyChangedAt ?? 0) >= earliest) return seen;
  return { ...seen, readyChangedAt: earliest };
}
