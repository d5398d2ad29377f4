/**
 * Lists the fences about handovers that overlap, each with what takes it away. fences.ts
 */

import { parseHandoverFrom } from '../../lib/selection/handover.ts';
import { annotation } from '../../lib/selection/names.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { allFences } from './fence.ts';
import { type RemovedFence, withSnapshot } from './fences.ts';

/** The pod that was left counts as fit for as long as it is routed to. */
function withFitLeft(snapshot: Snapshot): Snapshot {
  const left = new Set(
    snapshot.slices.flatMap(({ annotations }) => parseHandoverFrom(annotations[annotation.handoverFrom])?.uid ?? []),
  );
  const candidates = snapshot.candidates.map((pod) =>
    left.has(pod.uid) ? ({ ...pod, ready: true, terminating: false, phase: 'Running' } as const) : pod,
  );
  return { ...snapshot, candidates };
}

/** Each handover has begun just now. */
function withoutEnd(snapshot: Snapshot, now: number): Snapshot {
  const slices = snapshot.slices.map((slice) => {
    if (slice.annotations[annotation.handoverFrom] === undefined) return slice;
    const begun = { [annotation.leaderLastSwitchTime]: new Date(now).toISOString() };
    return { ...slice, annotations: { ...slice.annotations, ...begun } };
  });
  return { ...snapshot, slices };
}

/** Leaders that are moved by hand, on clocks that agree. */
const moved = { handovers: true, weights: { 'a wall clock is set': 0, 'user annotates': 0 } } as const;

export const electionFences: readonly RemovedFence[] = [
  {
    name: 'the fitness of a pod that a handover still routes to (S1)',
    options: {
      ...moved,
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withFitLeft), signal),
      },
    },
    noticedBy: ['S1'],
    knownSeed: 56,
    withinSeeds: 100,
  },
  {
    name: 'the end of a handover that overlaps (S1)',
    options: {
      ...moved,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) =>
          handle(
            withSnapshot(event, (snapshot) => withoutEnd(snapshot, event.data.deadline)),
            signal,
          ),
      },
    },
    // Where nothing else writes the slice, its last state shows it.
    noticedBy: ['S1', 'L1'],
    knownSeed: 9,
    withinSeeds: 100,
  },
];
