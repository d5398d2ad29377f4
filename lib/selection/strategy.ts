/**
 * Orders candidates by the places that the user prefers, then by the strategy.
 * docs/reference/annotations.md: ties by creation, then name.
 *
 * Guarantees: a total order that depends on the pods alone, never on the order in which they were
 * listed.
 */

import { compareText } from './compareText.ts';
import { hashText } from './hashText.ts';
import { nodeRank } from './nodeFault.ts';
import { rankOfPlace } from './preference.ts';
import type { Strategy } from './settings.ts';
import type { Candidate, Uid } from './snapshot.ts';
import { zoneOf } from './zoneOf.ts';

export interface StrategyContext {
  readonly strategy: Strategy;
  readonly preferredNodes: readonly string[];
  readonly preferredZones: readonly string[];
  readonly sourceUid: Uid;
  /** What hashes begin with, where it is not the uid of the source. */
  readonly seed?: string;
  /** Pods that come last, whatever is preferred. */
  readonly avoided?: ReadonlySet<Uid>;
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

/** What is known of the nodes comes first, whatever is preferred. */
function comparator(context: StrategyContext): Compare {
  const compare = placeComparator(context);
  const { avoided } = context;
  if (avoided === undefined || avoided.size === 0) return (a, b) => nodeRank(a) - nodeRank(b) || compare(a, b);
  const rank = (pod: Candidate): number => Number(avoided.has(pod.uid));
  return (a, b) => nodeRank(a) - nodeRank(b) || rank(a) - rank(b) || compare(a, b);
}

function placeComparator(context: StrategyContext): Compare {
  const { preferredNodes, preferredZones } = context;
  const byRule = strategyComparator(context);
  if (preferredNodes.length === 0 && preferredZones.length === 0) return byRule;
  return (a, b) =>
    rankOfPlace(a.nodeName, preferredNodes) - rankOfPlace(b.nodeName, preferredNodes) ||
    rankOfPlace(zoneOf(a), preferredZones) - rankOfPlace(zoneOf(b), preferredZones) ||
    byRule(a, b);
}

function strategyComparator({ strategy, sourceUid, seed = sourceUid, lastNode, lastZone }: StrategyContext): Compare {
  const preferring = (rank: (pod: Candidate) => number): Compare => {
    // Each pod is compared with many, and a rank may be a hash.
    const ranks = new Map<Candidate, number>();
    const rankOf = (pod: Candidate): number => {
      const known = ranks.get(pod) ?? rank(pod);
      ranks.set(pod, known);
      return known;
    };
    return (a, b) => rankOf(a) - rankOf(b) || byCreation(a, b);
  };
  switch (strategy) {
    case 'oldest':
      return byCreation;
    case 'newest':
      return (a, b) => b.createdAt - a.createdAt || byCreation(a, b);
    case 'random':
      return preferring((pod) => hashText(`${seed}/${pod.uid}`));
    case 'node-aware':
      return preferring((pod) => Number(lastNode !== undefined && pod.nodeName === lastNode));
    case 'zone-aware':
      return preferring((pod) => Number(lastZone !== undefined && zoneOf(pod) === lastZone));
    case 'priority':
      return preferring((pod) => -(parsePriority(pod.priority) ?? 0));
    case 'weighted':
      return preferring((pod) => rendezvousRank(pod, seed));
  }
}

/** Null when it is absent or not a whole number. */
export function parsePriority(text: string | undefined): number | null {
  if (text === undefined || !/^[+-]?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** Of a pod that names none. */
const DEFAULT_WEIGHT = 100;
const MAX_WEIGHT = 1_000;

/** Null when it is absent or not a whole number from 1 to 1000. */
export function parseWeight(text: string | undefined): number | null {
  if (text === undefined || !/^[1-9]\d{0,3}$/.test(text)) return null;
  const value = Number(text);
  return value <= MAX_WEIGHT ? value : null;
}

/**
 * Ranks a pod by weighted rendezvous hashing, lowest first. Of many Services, each pod leads a
 * share in proportion to its weight. A pod that comes or goes moves only what it wins or held.
 * Source: https://en.wikipedia.org/wiki/Rendezvous_hashing, "Weighted rendezvous hash"
 */
function rendezvousRank(pod: Candidate, seed: string): number {
  // Strictly between 0 and 1, so that the logarithm is a number below 0.
  const uniform = (hashText(`${seed}/${pod.uid}`) + 0.5) / 2 ** 32;
  return -Math.log(uniform) / (parseWeight(pod.weight) ?? DEFAULT_WEIGHT);
}
