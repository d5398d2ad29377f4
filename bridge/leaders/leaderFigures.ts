/**
 * leaderFigures: what the gauges say of one Service, from one look at its pods and slices.
 *
 * Guarantees: a figure without a value has no series. Each kind says how the Services beyond the
 * limit are taken together.
 */

import { conditionOf, readinessOf } from '../../lib/selection/candidateCondition.ts';
import { electionKey } from '../../lib/selection/elections/electionSettings.ts';
import { annotation } from '../../lib/selection/names.ts';
import { parseScaleRecord, type ScaleRecord, wantedReplicas } from '../../lib/selection/scaleRecord.ts';
import type { NamespaceIndex, RoutedPod } from './namespaceIndex.ts';
import { fitPods, isFitRoute } from './urgency.ts';

interface Slot {
  readonly routed: RoutedPod | null;
  /** Epoch milliseconds; undefined where no record says. */
  readonly switchedAt: number | undefined;
}

/** Of one Service. */
interface ServiceFacts {
  readonly index: NamespaceIndex;
  readonly source: string;
  /** The slots of each election, by its name. One without slots where nothing is made yet. */
  readonly elections: ReadonlyMap<string, readonly Slot[]>;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Figure {
  readonly value: number;
  /** Undefined for a figure of the whole Service, and empty where it names no election. */
  readonly election?: string;
  readonly role?: 'leader' | 'follower' | 'unfit';
}

export interface FigureKind {
  /** Takes two Services beyond the limit together: the worse, so that an alert still fires. */
  readonly fold: (a: number, b: number) => number;
  readonly read: (facts: ServiceFacts) => readonly Figure[];
}

export const leaderFigures = {
  podsAvailable: {
    fold: Math.min,
    read({ index, source }) {
      const members = [...index.pods.members(source).values()];
      const condition = conditionOf(index.services.byName.get(source)?.annotations);
      return [{ value: members.filter((pod) => readinessOf(pod, condition).ready && !pod.terminating).length }];
    },
  },
  candidates: { fold: Math.min, read: ({ index, source }) => [{ value: index.pods.members(source).size }] },
  leaderStable: {
    fold: Math.min,
    read: perElection((slots, { index, source }) => {
      const isStable = slots.every(({ routed }) => routed !== null && isFitRoute(routed, source, index));
      return slots.length > 0 && isStable ? 1 : 0;
    }),
  },
  withoutEndpoints: {
    fold: Math.max,
    read: perElection((slots) => (slots.every(({ routed }) => routed === null) ? 1 : 0)),
  },
  leaderSeconds: {
    fold: Math.min,
    read: perElection((slots, { now }) => {
      const switches = slots.flatMap(({ routed, switchedAt }) => (routed === null ? [] : (switchedAt ?? [])));
      return switches.length === 0 ? null : secondsBetween(Math.max(...switches), now);
    }),
  },
  leaderPodAgeSeconds: {
    fold: Math.max,
    read: perElection((slots, { index, now }) => {
      const pods = slots.flatMap(({ routed }) => index.pods.byName.get(routed?.name ?? '') ?? []);
      return pods.length === 0 ? null : secondsBetween(Math.min(...pods.map(({ createdAt }) => createdAt)), now);
    }),
  },
  wantedReplicas: {
    fold: Math.max,
    read({ index, source }) {
      const asks = index.services.byName.get(source)?.annotations[annotation.scaleDown] !== undefined;
      const value = asks ? wantedReplicas(readScale(index, source)) : null;
      return value === null ? [] : [{ value }];
    },
  },
  role: {
    fold: (a, b) => a + b,
    read({ index, source, elections }) {
      const fit = fitPods(source, index);
      const unfit = index.pods.members(source).size - fit.length;
      return [...elections].flatMap(([election, slots]): readonly Figure[] => {
        const leaders = new Set(slots.flatMap(({ routed }) => routed?.name ?? []));
        const followers = fit.filter((pod) => !leaders.has(pod.name)).length;
        return [
          { election, role: 'leader', value: leaders.size },
          { election, role: 'follower', value: followers },
          { election, role: 'unfit', value: unfit },
        ];
      });
    },
  },
} satisfies Record<string, FigureKind>;

export type LeaderFigure = keyof typeof leaderFigures;

/** `now`: epoch milliseconds. */
export function factsOf(index: NamespaceIndex, source: string, now: number): ServiceFacts {
  const switches = new Map<string, number>();
  for (const name of index.ourSlices.oursFor(source)) {
    const { election = '', slot = 0, annotations = {} } = index.ourSlices.byName.get(name) ?? {};
    const at = Date.parse(annotations[annotation.leaderLastSwitchTime] ?? '');
    if (!Number.isNaN(at)) switches.set(electionKey({ election, slot }), at);
  }
  const elections = new Map<string, Slot[]>();
  for (const [key, routed] of index.routes(source)) {
    const election = key.slice(0, key.lastIndexOf('/'));
    const slot = { routed, switchedAt: switches.get(key) };
    const slots = elections.get(election);
    if (slots === undefined) elections.set(election, [slot]);
    else slots.push(slot);
  }
  return { index, source, now, elections: elections.size > 0 ? elections : new Map([['', []]]) };
}

/** `read` gives null where there is nothing to say. */
function perElection(read: (slots: readonly Slot[], facts: ServiceFacts) => number | null): FigureKind['read'] {
  return (facts) =>
    [...facts.elections].flatMap(([election, slots]) => {
      const value = read(slots, facts);
      return value === null ? [] : [{ election, value }];
    });
}

function secondsBetween(at: number, now: number): number {
  return Math.max(0, now - at) / 1_000;
}

/** What scale-down wrote down on the slice that holds the record. */
function readScale(index: NamespaceIndex, source: string): ScaleRecord | null {
  for (const name of index.ourSlices.oursFor(source)) {
    const record = parseScaleRecord(index.ourSlices.byName.get(name)?.annotations[annotation.scaleState]);
    if (record !== null) return record;
  }
  return null;
}
