/**
 * Lists the fences about verdicts from outside, each with what takes it away. fences.ts
 */

import { type KubeApi, subjectAccessReviews } from '../../../lib/kube/kubeApi.ts';
import { annotation } from '../../../lib/selection/names.ts';
import { formatVerdicts, type OutsideVerdict, parseVerdicts } from '../../../lib/selection/outsideVerdict.ts';
import { readRecord } from '../../../lib/selection/record.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { allFences } from '../fence.ts';
import { type RemovedFence, withSnapshot } from '../fences.ts';

function withVerdicts(
  snapshot: Snapshot,
  change: (verdicts: readonly OutsideVerdict[]) => readonly OutsideVerdict[],
): Snapshot {
  const slices = snapshot.slices.map((slice) => {
    const text = slice.annotations[annotation.verdicts];
    if (text === undefined) return slice;
    const next = formatVerdicts(change(parseVerdicts(text)));
    return { ...slice, annotations: { ...slice.annotations, [annotation.verdicts]: next } };
  });
  return { ...snapshot, slices };
}

/** A verdict counts for ten minutes more than it was given for. */
function withoutEnds(snapshot: Snapshot): Snapshot {
  return withVerdicts(snapshot, (verdicts) => verdicts.map((each) => ({ ...each, until: each.until + 600_000 })));
}

/** Only what is said of the leader counts. */
function withGoodRivals(snapshot: Snapshot): Snapshot {
  const { leader } = readRecord(snapshot);
  return withVerdicts(snapshot, (verdicts) => verdicts.filter(({ pod }) => pod === leader?.uid));
}

/** Every caller may report. */
function withoutRights(api: KubeApi): KubeApi {
  return {
    ...api,
    async create(resource, ...rest) {
      const made = await api.create(resource, ...rest);
      return resource === subjectAccessReviews ? { status: { allowed: true } } : made;
    },
  };
}

/** No election says that a verdict has ended. */
function withEndedVerdicts(api: KubeApi): KubeApi {
  return {
    ...api,
    mergePatch(resource, namespace, name, patch, signal) {
      const { metadata, ...rest } = patch as { readonly metadata?: Patched };
      const { [annotation.verdicts]: _, ...annotations } = metadata?.annotations ?? {};
      const isElection = annotations[annotation.reason] !== undefined;
      const sent = isElection ? { ...rest, metadata: { ...metadata, annotations } } : patch;
      return api.mergePatch(resource, namespace, name, sent, signal);
    },
  };
}

interface Patched {
  readonly annotations?: Readonly<Record<string, string | null>>;
}

export const reportFences: readonly RemovedFence[] = [
  {
    name: 'the end of a verdict (S13)',
    options: {
      settles: false,
      reports: true,
      weights: { 'pod flips': 40 },
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withoutEnds), signal),
      },
    },
    noticedBy: ['S13'],
    knownSeed: 26,
    withinSeeds: 100,
  },
  {
    name: 'the right to report (S13)',
    options: { settles: false, reports: true, fence: { ...allFences, wrapFunctionApi: withoutRights } },
    noticedBy: ['S13'],
    knownSeed: 1,
    withinSeeds: 100,
  },
  {
    name: 'the verdicts against the pod that takes over (S13)',
    options: {
      settles: false,
      reports: true,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withGoodRivals), signal),
      },
    },
    noticedBy: ['S13'],
    knownSeed: 19,
    withinSeeds: 100,
  },
  {
    name: 'the end of a verdict with an election (S13)',
    options: {
      settles: false,
      reports: true,
      replicas: { bridges: 1, functions: 2 },
      weights: { 'a wall clock is set': 30, 'user annotates': 30 },
      fence: { ...allFences, wrapFunctionApi: withEndedVerdicts },
    },
    noticedBy: ['S13'],
    knownSeed: 47,
    withinSeeds: 100,
  },
];
