/**
 * Lists the fences about handovers that overlap and about pools, each with what takes it away.
 * fences.ts
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { parseHandoverFrom } from '../../lib/selection/handover.ts';
import { annotation } from '../../lib/selection/names.ts';
import type { Candidate, SliceView, Snapshot, Uid } from '../../lib/selection/snapshot.ts';
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

const TWIN = '-twin';

/** What the slots beyond the first lead looks like other pods. So no slot finds a pod taken. */
function withTwins(snapshot: Snapshot): Snapshot {
  const twins = new Map<string, Candidate>();
  const slices = snapshot.slices.map((slice) => {
    const pod = snapshot.candidates.find(({ uid }) => uid === slice.annotations[annotation.leaderPodUid]);
    if (slice.slot === undefined || pod === undefined) return slice;
    const twin: Candidate = { ...pod, uid: `${pod.uid}${TWIN}` as Uid };
    twins.set(twin.uid, twin);
    return JSON.parse(JSON.stringify(slice).replaceAll(`"${pod.uid}"`, `"${twin.uid}"`)) as SliceView;
  });
  return { ...snapshot, slices, candidates: [...snapshot.candidates, ...twins.values()] };
}

/** What is written names the pods that there are. */
function withoutTwins(api: KubeApi): KubeApi {
  return {
    ...api,
    mergePatch: (resource, namespace, name, patch, signal) =>
      api.mergePatch(resource, namespace, name, JSON.parse(JSON.stringify(patch).replaceAll(TWIN, '')), signal),
  };
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
  {
    name: 'what a slot knows of the pods that its siblings lead (S14)',
    options: {
      elections: true,
      weights: { 'user annotates': 0, 'pod flips': 30 },
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withTwins), signal),
        wrapFunctionApi: withoutTwins,
      },
      // What is announced names the twin, and what is read has none.
      ignored: ['outbox', 'S8'],
    },
    noticedBy: ['S14'],
    knownSeed: 40,
    withinSeeds: 100,
  },
];
