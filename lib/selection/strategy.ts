/**
 * Orders candidates by the strategy. docs/reference/annotations.md: ties by creation, then name.
 *
 * Guarantees: a total order that depends on the pods alone, never on the order in which they were
 * listed.
 */

import { compareText } from './compareText.ts';
import type { Strategy } from './settings.ts';
import type { Candidate, Uid } from './snapshot.ts';

export interface StrategyContext {
  readonly strategy: Strategy;
  readonly sourceUid: Uid;
  /** Where the last leader ran; `node-aware` and `zone-aware` prefer elsewhere. */
  readonly lastNode: string | undefined;
  readonly lastZone: string | undefined;
}

/** In the order of the strategy, the first choice first. */
export function orderByStrategy(pods: readonly Candidate[], context: StrategyContext): readonly Candidate[] {
  return pods.toSorted(comparator(context));
}

/** The first by the strategy, or undefined when there is none. */
export function selectFirst(pods: readonly Candidate[], context: StrategyContext): Candidate | undefined {
  const compare = comparator(context);
  return pods.reduce<Candidate | undefined>(
    (best, pod) => (best === undefined || compare(pod, best) < 0 ? pod : best),
    undefined,
  );
}

export function byCreation(a: Candidate, b: Candidate): number {
  return a.createdAt - b.createdAt || compareText(a.name, b.name) || compareText(a.uid, b.uid);
}

type Compare = (a: Candidate, b: Candidate) => number;

function comparator({ strategy, sourceUid, lastNode, lastZone }: StrategyContext): Compare {
  const preferring = (rank: (pod: Candidate) => number): Compare => {
    return (a, b) => rank(a) - rank(b) || byCreation(a, b);
  };
  switch (strategy) {
    case 'oldest':
      return byCreation;
    case 'newest':
      return (a, b) => b.createdAt - a.createdAt || byCreation(a, b);
    case 'random':
      return preferring((pod) => hash(`${sourceUid}/${pod.uid}`));
    case 'node-aware':
      return preferring((pod) => Number(lastNode !== undefined && pod.nodeName === lastNode));
    case 'zone-aware':
      return preferring((pod) => Number(lastZone !== undefined && pod.zone === lastZone));
    case 'priority':
      return preferring((pod) => -(parsePriority(pod.priority) ?? 0));
  }
}

/** Null when it is absent or not a whole number. */
export function parsePriority(text: string | undefined): number | null {
  if (text === undefined || !/^[+-]?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** FNV-1a, 32 bits, with a final mix: uids that differ in one character end up far apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
