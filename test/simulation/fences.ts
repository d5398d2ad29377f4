/**
 * Lists the fences, each with what takes it away and the invariants that must then fail.
 *
 * S3 is not checked where the missing precondition would itself be the violation. The harm that
 * follows counts.
 */

import type { Bridge } from '../../bridge/startBridge.ts';
import { whyHint } from '../../functions/reconcile/whyHint.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import type { ReconcileEvent } from '../../lib/events/reconcileEvent.ts';
import type { Sink } from '../../lib/events/sink.ts';
import { parseSubject } from '../../lib/events/subject.ts';
import { type KubeApi, type Preconditions, pods } from '../../lib/kube/kubeApi.ts';
import { type Demotion, formatDemotion, parseDemotion } from '../../lib/selection/demotion.ts';
import { annotation } from '../../lib/selection/names.ts';
import { readRecord } from '../../lib/selection/record.ts';
import type { Candidate, Snapshot } from '../../lib/selection/snapshot.ts';
import { T0 } from '../support/objects/builders.ts';
import type { Patch } from './apiServer.ts';
import { allFences } from './fence.ts';
import type { KubeObject } from './kubeObject.ts';
import type { SeedOptions } from './runSeed.ts';
import type { CheckName } from './verdict.ts';
import { AHEAD_MS } from './workload.ts';

export interface RemovedFence {
  readonly name: string;
  readonly options: SeedOptions;
  /** Any of these shows that the fence is needed. */
  readonly noticedBy: readonly CheckName[];
  /** This seed showed it when the fence was written. Other changes may move it to another one. */
  readonly knownSeed: number;
  /** Found within so many; as measured, with room to spare. */
  readonly withinSeeds: number;
}

/** What the wrapped calls send instead of a patch and preconditions. */
function withoutPrecondition(api: KubeApi, key: 'uid' | 'resourceVersion'): KubeApi {
  return {
    ...api,
    mergePatch(resource, namespace, name, patch, signal) {
      const { [key]: _, ...metadata } = (patch as Patch).metadata ?? {};
      return api.mergePatch(resource, namespace, name, { ...patch, metadata }, signal);
    },
    delete(resource, namespace, name, preconditions, signal) {
      const { [key]: _, ...rest } = preconditions;
      return api.delete(resource, namespace, name, rest as Preconditions, signal);
    },
  };
}

/** What is read by name is as it is now, and not at the revision of the list. */
function withoutExactRevision(api: KubeApi): KubeApi {
  return {
    ...api,
    list(resource, namespace, { resourceVersion: _, resourceVersionMatch: __, ...query }, signal) {
      return api.list(resource, namespace, query, signal);
    },
  };
}

/** A slice keeps the first that it is given. */
function withoutNewEpochs(api: KubeApi): KubeApi {
  const first = new Map<unknown, unknown>();
  return {
    ...api,
    mergePatch(resource, namespace, name, patch, signal) {
      const { metadata, ...rest } = patch as Patch;
      const annotations = (metadata?.['annotations'] ?? {}) as Record<string, unknown>;
      const epoch = annotations[annotation.epoch];
      if (epoch === undefined) return api.mergePatch(resource, namespace, name, patch, signal);
      const known = first.get(metadata?.['uid']) ?? epoch;
      first.set(metadata?.['uid'], known);
      const same = { ...metadata, annotations: { ...annotations, [annotation.epoch]: known } };
      return api.mergePatch(resource, namespace, name, { ...rest, metadata: same }, signal);
    },
  };
}

/**
 * What a bridge sends as a hint although its watches are well is a hint because it does not hold
 * the Lease.
 */
function withSnapshots(sink: Sink, bridge: () => Bridge): Sink {
  // The same event again is the same snapshot again.
  const made = new WeakMap<ReconcileEvent, ReconcileEvent>();
  return (event, signal) => {
    const isHedge = event.data.snapshot === undefined && bridge().readiness().ready;
    const snapshot = isHedge ? bridge().snapshotOf(parseSubject(event.subject)) : event.data.snapshot;
    const known = made.get(event) ?? (isHedge && snapshot ? { ...event, data: { ...event.data, snapshot } } : event);
    made.set(event, known);
    return sink(known, signal);
  };
}

/**
 * Nothing that makes a bridge's own view old: what is old then is the event, held back by a link or
 * in a function.
 */
const promptBridges = {
  'freeze a bridge': 0,
  'cut a bridge from the API': 0,
  'hold watches back': 0,
  'restore etcd': 0,
  'cut a bridge from a function': 8,
  'freeze a function': 8,
};

/** Flips that the holder never sends, and a second bridge that receives them late. */
const lateSecondBridge = {
  ...promptBridges,
  'pod flips': 30,
  'hold watches back': 12,
  'kill a function': 10,
  'kill a bridge': 0,
  'restart the API server': 0,
};

/** Renames and opt-outs. Of two bridges, the one that is behind knows another leader Service. */
const renames = {
  'user opts out': 60,
  'user annotates': 150,
  'hold watches back': 40,
  'pod flips': 30,
  'user deletes the source': 0,
  'user deletes our slice': 0,
  'user deletes our Service': 0,
  'user edits our endpoints': 0,
  'user changes the families': 0,
  'back etcd up': 0,
  'restore etcd': 0,
  'kill a bridge': 0,
  'kill a function': 0,
  'freeze a bridge': 0,
  'restart the API server': 0,
};

/** A snapshot leaves also where the watches cannot be relied on. */
function withStaleSnapshots(sink: Sink, bridge: () => Bridge): Sink {
  const made = new WeakMap<ReconcileEvent, ReconcileEvent>();
  return (event, signal) => {
    const isStale = event.data.snapshot === undefined && !bridge().readiness().ready;
    const snapshot = isStale ? bridge().snapshotOf(parseSubject(event.subject)) : event.data.snapshot;
    const known = made.get(event) ?? (isStale && snapshot ? { ...event, data: { ...event.data, snapshot } } : event);
    made.set(event, known);
    return sink(known, signal);
  };
}

interface PodStatus {
  readonly conditions?: readonly { readonly status: string; readonly lastTransitionTime: string }[];
}

/** A pod that claims to have become Ready in the future waits until then, as if not Ready. */
function withoutBoundOnInstants(api: KubeApi): KubeApi {
  const asIfWaiting = (item: unknown): unknown => {
    const { status, ...pod } = item as { readonly status: PodStatus };
    const conditions = status.conditions?.map((condition) =>
      Date.parse(condition.lastTransitionTime) > T0 + AHEAD_MS / 2 ? { ...condition, status: 'False' } : condition,
    );
    return { ...pod, status: { ...status, conditions } };
  };
  return {
    ...api,
    async list(resource, ...rest) {
      const page = await api.list(resource, ...rest);
      return resource.plural === 'pods' ? { ...page, items: page.items.map(asIfWaiting) } : page;
    },
  };
}

/** A source that is deleted, and waits for a finalizer, is left as it is. */
function withFrozenSources(handle: Sink): Sink {
  return (event, signal) =>
    event.data.snapshot?.source?.terminating === true ? Promise.resolve({ status: 200 }) : handle(event, signal);
}

/** As if a read of such a source never came to an end. */
function withoutDeletedSources(api: KubeApi): KubeApi {
  const isDeleted = (item: unknown): boolean => {
    const { metadata } = item as KubeObject;
    return metadata.deletionTimestamp !== undefined && metadata.annotations?.[annotation.enabled] !== undefined;
  };
  return {
    ...api,
    async list(resource, ...rest) {
      const page = await api.list(resource, ...rest);
      if (resource.plural !== 'services' || !page.items.some(isDeleted)) return page;
      throw new ZenLeadError('KUBE_UNAVAILABLE', 'frozen', { retry: 'later' });
    },
  };
}

/** Functions do not hear what they said in the last reply. */
function withoutCarry(handle: Sink): Sink {
  return (event, signal) => {
    const { carry: _, ...data } = event.data;
    return handle({ ...event, data }, signal);
  };
}

/** What the API server refuses is refused for good: the bridge gives the event up. */
function withFinalRefusals(sink: Sink): Sink {
  return async (event, signal) => {
    const answer = await sink(event, signal);
    return answer.scope === 'service' ? { status: 403, detail: 'for good' } : answer;
  };
}

/** Nothing leaves a bridge until it serves every namespace that it watches. */
function onlyWhereAllIsServed(sink: Sink, bridge: () => Bridge): Sink {
  return (event, signal) =>
    bridge().readiness().reasons.length > 0 ? Promise.resolve({ status: 202 }) : sink(event, signal);
}

const NEVER_MS = 24 * 3_600_000;

/** The event with another snapshot, where it has one. */
export function withSnapshot(event: ReconcileEvent, change: (snapshot: Snapshot) => Snapshot): ReconcileEvent {
  const { snapshot } = event.data;
  return snapshot === undefined ? event : { ...event, data: { ...event.data, snapshot: change(snapshot) } };
}

/** A pod without a verdict counts as one that passes. */
function withoutFirstVerdicts(snapshot: Snapshot): Snapshot {
  if (snapshot.observer === undefined) return snapshot;
  const passes = { verdict: 'passing', since: 0 } as const;
  return { ...snapshot, candidates: snapshot.candidates.map((pod) => ({ health: passes, ...pod })) };
}

/** A check without a verdict counts as none at all. */
function withoutUnknownCheck(snapshot: Snapshot): Snapshot {
  const { source, observer } = snapshot;
  if (source === null || observer !== undefined) return snapshot;
  const { [annotation.healthCheck]: _, ...annotations } = source.annotations;
  return { ...snapshot, source: { ...source, annotations } };
}

/** A pod that has not answered counts as one that says that it is the primary. */
function withUnheardPrimaries(snapshot: Snapshot): Snapshot {
  const claims = { verdict: 'passing', role: 'primary', since: 0 } as const;
  return { ...snapshot, candidates: snapshot.candidates.map((pod) => ({ health: claims, ...pod })) };
}

/** Of several primaries the leader is the last one that counts. */
function withTurns(snapshot: Snapshot): Snapshot {
  const { leader } = readRecord(snapshot);
  const isPrimary = ({ health }: Candidate): boolean => health?.role === 'primary';
  const hasRival = snapshot.candidates.some((pod) => isPrimary(pod) && pod.uid !== leader?.uid);
  if (!hasRival) return snapshot;
  const candidates = snapshot.candidates.map((pod): Candidate => {
    const isLeader = pod.uid === leader?.uid && pod.health !== undefined;
    return isLeader ? { ...pod, health: { verdict: 'passing', role: 'other', since: 0 } } : pod;
  });
  return { ...snapshot, candidates };
}

/** The snapshot with another word about the pod that was left. */
function withDemotion(snapshot: Snapshot, change: Partial<Demotion>): Snapshot {
  const slices = snapshot.slices.map((slice) => {
    const demotion = parseDemotion(slice.annotations[annotation.demotion]);
    if (demotion?.state !== 'pending') return slice;
    const text = formatDemotion({ ...demotion, ...change });
    return { ...slice, annotations: { ...slice.annotations, [annotation.demotion]: text } };
  });
  return { ...snapshot, slices };
}

/** The pod that has the name by now is ended, whatever its uid is. */
function endingByName(api: KubeApi): KubeApi {
  const { signal } = new AbortController();
  const uidNow = async (namespace: string, name: string): Promise<string> =>
    ((await api.get(pods, namespace, name, signal)) as KubeObject).metadata.uid;
  return {
    ...api,
    evict: async (namespace, name) => api.evict(namespace, name, await uidNow(namespace, name), signal),
    async delete(resource, namespace, name, preconditions, given) {
      if (resource.plural !== 'pods') return api.delete(resource, namespace, name, preconditions, given);
      return api.delete(resource, namespace, name, { uid: await uidNow(namespace, name) }, signal);
    },
  };
}

/** Leaders that flip, and an API server that is often slow. */
const demoting = {
  settles: false,
  demotes: true,
  replicas: { bridges: 2, functions: 3 },
  weights: {
    'a wall clock is set': 0,
    'restore etcd': 0,
    'user deletes the source': 0,
    'user opts out': 0,
    'user annotates': 0,
    'the API server is slow': 20,
    'pod flips': 30,
  },
} as const;

export const removedFences: readonly RemovedFence[] = [
  {
    name: 'the claim of the primary (roles)',
    options: {
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withUnheardPrimaries), signal),
      },
      roles: true,
    },
    noticedBy: ['roles'],
    knownSeed: 6,
    withinSeeds: 100,
  },
  {
    name: 'what keeps two primaries still (roles)',
    options: {
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withTurns), signal),
      },
      roles: true,
    },
    noticedBy: ['roles'],
    knownSeed: 2,
    withinSeeds: 100,
  },
  {
    name: 'the bar on a pod that is to be ended (S15)',
    options: {
      ...demoting,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) =>
          handle(
            withSnapshot(event, (snapshot) => withDemotion(snapshot, { state: 'done' })),
            signal,
          ),
      },
    },
    noticedBy: ['S15'],
    knownSeed: 9,
    withinSeeds: 200,
  },
  {
    name: 'the claim on a pod that is to be ended (S15)',
    options: {
      ...demoting,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) =>
          handle(
            withSnapshot(event, (snapshot) => withDemotion(snapshot, { at: 0, tries: 1 })),
            signal,
          ),
      },
    },
    noticedBy: ['S15'],
    knownSeed: 1,
    withinSeeds: 200,
  },
  {
    name: 'the uid of a pod that is to be ended (S15)',
    options: { ...demoting, fence: { ...allFences, wrapFunctionApi: endingByName } },
    noticedBy: ['S15'],
    knownSeed: 1,
    withinSeeds: 200,
  },
  {
    name: 'the first verdict that a pod needs (S10)',
    options: {
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withoutFirstVerdicts), signal),
      },
      checks: true,
    },
    noticedBy: ['S10', 'S11'],
    knownSeed: 2,
    withinSeeds: 100,
  },
  {
    name: 'the rule that missing verdicts move no leader (S11)',
    options: {
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withoutUnknownCheck), signal),
      },
      checks: true,
      weights: { 'user annotates': 20, 'kill a bridge': 8 },
    },
    noticedBy: ['S11'],
    knownSeed: 21,
    withinSeeds: 200,
  },
  {
    name: 'the deadline of a snapshot',
    options: {
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) =>
          handle({ ...event, data: { ...event.data, deadline: Number.MAX_SAFE_INTEGER } }, signal),
      },
      weights: promptBridges,
    },
    noticedBy: ['S4'],
    knownSeed: 126,
    withinSeeds: 800,
  },
  {
    name: 'the deadline of a snapshot where wall clocks are set',
    options: {
      settles: false,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) =>
          handle({ ...event, data: { ...event.data, deadline: Number.MAX_SAFE_INTEGER } }, signal),
      },
      hasLease: false,
      replicas: { bridges: 1, functions: 2 },
      weights: { ...promptBridges, 'pod flips': 60, 'a wall clock is set': 8, 'kill a bridge': 0, 'cut watches': 0 },
    },
    noticedBy: ['S4'],
    knownSeed: 5,
    withinSeeds: 800,
  },
  {
    name: 'the resourceVersion of a write',
    options: {
      fence: { ...allFences, wrapFunctionApi: (api) => withoutPrecondition(api, 'resourceVersion') },
      ignored: ['S3'],
    },
    noticedBy: ['S1', 'S4', 'S8', 'S9'],
    knownSeed: 1,
    withinSeeds: 800,
  },
  {
    name: 'the uid of a write',
    options: {
      settles: false,
      fence: { ...allFences, wrapFunctionApi: (api) => withoutPrecondition(api, 'uid') },
      ignored: ['S3'],
      weights: {
        'back etcd up': 10,
        'restore etcd during a failover, and another client takes the place of our slice': 10,
      },
    },
    noticedBy: ['S7'],
    knownSeed: 19,
    withinSeeds: 800,
  },
  {
    name: 'the revisions in the record (S9)',
    options: {
      settles: false,
      fence: {
        ...allFences,
        hints: {
          whyHint: (evidence) => {
            const why = whyHint(evidence);
            return why === 'old' ? null : why;
          },
        },
      },
    },
    // A snapshot that is older takes on the revisions of the record (lib/selection/catchUp.ts). So
    // what it moves shows as a route to a pod that was not fit at them.
    noticedBy: ['S9', 'S2', 'S8'],
    knownSeed: 60,
    withinSeeds: 800,
  },
  {
    name: 'what confirms a snapshot for which no record stands (S9)',
    options: {
      settles: false,
      fence: {
        ...allFences,
        hints: {
          whyHint: (evidence) => {
            const why = whyHint(evidence);
            return why === 'unfenced' ? null : why;
          },
        },
      },
      hasLease: false,
      replicas: { bridges: 2, functions: 1 },
      weights: renames,
    },
    noticedBy: ['S9', 'S8', 'S2'],
    knownSeed: 91,
    withinSeeds: 400,
  },
  {
    name: 'the one revision of what a function reads (S9)',
    options: {
      settles: false,
      fence: { ...allFences, wrapFunctionApi: withoutExactRevision },
      // A clock that is set makes events late, and a function reads for each of them.
      weights: { 'pod loses its label': 10, 'pod flips': 20, 'the API server is slow': 10, 'a wall clock is set': 10 },
    },
    noticedBy: ['S2', 'S8'],
    knownSeed: 1309,
    withinSeeds: 800,
  },
  {
    name: 'the epoch',
    options: { settles: false, fence: { ...allFences, wrapFunctionApi: withoutNewEpochs } },
    noticedBy: ['S4'],
    knownSeed: 2,
    withinSeeds: 800,
  },
  {
    name: 'the hint of a replica that does not send first',
    options: {
      settles: false,
      fence: { ...allFences, wrapSink: (sink, bridge) => withSnapshots(sink, bridge) },
      hasLease: true,
      replicas: { bridges: 2, functions: 1 },
      weights: lateSecondBridge,
    },
    noticedBy: ['lease', 'S4'],
    knownSeed: 1,
    withinSeeds: 100,
  },
  {
    name: 'the hint where a watch cannot be relied on',
    options: { settles: false, fence: { ...allFences, wrapSink: withStaleSnapshots }, hasLease: false },
    noticedBy: ['S8'],
    knownSeed: 3,
    withinSeeds: 100,
  },
  {
    name: 'the resync',
    options: {
      fence: { ...allFences, tuning: { resync: { periodMs: NEVER_MS, tickMs: NEVER_MS } } },
    },
    noticedBy: ['L1'],
    knownSeed: 24,
    withinSeeds: 400,
  },
  {
    name: 'the hedge of a replica that does not send first',
    options: {
      fence: {
        ...allFences,
        wrapSink: (sink, bridge) => (event, signal) =>
          event.data.snapshot === undefined && bridge().readiness().ready
            ? Promise.resolve({ status: 202 })
            : sink(event, signal),
      },
      hasLease: true,
      replicas: { bridges: 2, functions: 1 },
    },
    noticedBy: ['late'],
    knownSeed: 1,
    withinSeeds: 100,
  },
  {
    name: 'one event in flight for each key',
    options: {
      settles: false,
      fence: {
        ...allFences,
        // The bridge receives that all is well before a function has read the event.
        wrapSink: (sink) => (event) => {
          sink(event, new AbortController().signal).catch(() => undefined);
          return Promise.resolve({ status: 202 });
        },
      },
    },
    noticedBy: ['S5'],
    knownSeed: 1,
    withinSeeds: 800,
  },
  {
    name: 'the monotonic clock of a bridge',
    options: {
      // A wall clock that is set back hides for how long a process stood still.
      fence: { ...allFences, wrapClock: (clock) => ({ ...clock, monotonic: clock.now }) },
      weights: { 'a wall clock is set': 20, 'freeze a bridge': 10 },
    },
    noticedBy: ['S8', 'L1', 'late'],
    knownSeed: 4,
    withinSeeds: 400,
  },
  {
    name: 'the bound on instants in the future',
    options: {
      fence: { ...allFences, wrapFunctionApi: withoutBoundOnInstants },
      weights: { 'kubelets are ahead': 20, 'user annotates': 20 },
    },
    noticedBy: ['L1', 'late'],
    knownSeed: 17,
    withinSeeds: 200,
  },
  {
    name: 'the retry after 403',
    options: { fence: { ...allFences, wrapSink: withFinalRefusals } },
    noticedBy: ['late'],
    knownSeed: 7,
    withinSeeds: 100,
  },
  {
    name: 'what follows the pods while a source waits for a finalizer (S2)',
    options: {
      fence: { ...allFences, wrapFunction: withFrozenSources, wrapFunctionApi: withoutDeletedSources },
    },
    noticedBy: ['L1', 'S2', 'S6', 'late'],
    knownSeed: 17,
    withinSeeds: 100,
  },
  {
    name: 'the damping of writes that something else undoes',
    options: { fence: { ...allFences, wrapFunction: withoutCarry }, fights: true },
    noticedBy: ['loop', 'L1'],
    knownSeed: 50,
    withinSeeds: 100,
  },
  {
    name: 'the readiness of each namespace by itself',
    options: { fence: { ...allFences, wrapSink: onlyWhereAllIsServed } },
    noticedBy: ['L1'],
    knownSeed: 2,
    withinSeeds: 100,
  },
];
