/**
 * createLeaderDomain: what the bridge watches, and says, about the leaders of Services.
 *
 * Our EndpointSlices come in full; the others as metadata only, because there may be 100,000 of
 * them and only their names and labels matter.
 *
 * Guarantees: the revisions of a snapshot never claim more than every watch of its namespace has
 * delivered. Of the two watches of slices, the one that is behind counts.
 */

import type { ReconcileEvent, ReconcileType } from '../../lib/events/reconcileEvent.ts';
import type { ReplyEvent } from '../../lib/events/reply.ts';
import { endpointSlices, pods, services } from '../../lib/kube/kubeApi.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { buildSnapshot } from '../../lib/selection/buildSnapshot.ts';
import { compareRevisions } from '../../lib/selection/compareRevisions.ts';
import { joinObservations } from '../../lib/selection/joinObservations.ts';
import { label, SLICE_MANAGER } from '../../lib/selection/names.ts';
import type {
  PodView,
  ResourceVersion,
  Revisions,
  ServiceView,
  SliceView,
  Snapshot,
} from '../../lib/selection/snapshot.ts';
import type { Domain, Views } from '../domain.ts';
import type { Source } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import { watchedKind } from '../watch/watchedKind.ts';
import { affected, type LeaderChange } from './affected.ts';
import { canWait, dryRun, isSettled } from './dryRun.ts';
import { createGoneSources } from './goneSources.ts';
import { type LeaderConcern, toConcern } from './leaderConcern.ts';
import { createLeaderStore, type LeaderStore } from './leaderStore.ts';
import type { Observer, VerdictChange } from './observer.ts';
import { toCloudEvent } from './toCloudEvent.ts';

interface LeaderDomain extends Domain<LeaderChange, LeaderConcern, ReconcileEvent, ReplyEvent> {
  readonly store: LeaderStore;
  /** One Service as an event would carry it now. */
  snapshotOf(source: Source, views: Views): Snapshot;
  /** What the observer reports, as a change for the intake. */
  toVerdict(change: VerdictChange): LeaderChange;
}

const kind = {
  pods: 'pods',
  services: 'services',
  ourSlices: 'endpointslices',
  foreignSlices: 'endpointslices-foreign',
} as const;

/** What a watch saw of a pod. */
const podChanges: ReadonlySet<string> = new Set<ReconcileType>([
  'io.zen-lead.pod.added',
  'io.zen-lead.pod.modified',
  'io.zen-lead.pod.deleted',
]);

/**
 * `now`: epoch milliseconds. `observer`: absent where this process checks no pod. `onPod` sees
 * every change of a pod, also before the lists are complete.
 */
export function createLeaderDomain(
  now: () => number,
  observer?: Observer,
  onPod?: (change: ObjectChange<PodView>) => void,
): LeaderDomain {
  const store = createLeaderStore(now);
  const gone = createGoneSources(store, now);

  function snapshotOf({ namespace, name }: Source, views: Views): Snapshot {
    const revisions = toRevisions(namespace, views);
    const snapshot = buildSnapshot({ ...store.namespace(namespace).stateOf(name), namespace, revisions });
    return joinObservations(snapshot, observer?.observationsOf({ namespace, name }));
  }

  function toVerdict(change: VerdictChange): LeaderChange {
    const { source } = change;
    const leaders = [...store.namespace(source.namespace).routes(source.name).values()].map((routed) => routed?.uid);
    const pods = observer?.observationsOf(source)?.pods ?? [];
    const leaderFails = pods.some(({ uid, verdict }) => leaders.includes(uid) && verdict === 'failing');
    return { of: 'Verdict', change, leaderFails };
  }

  /** Where a change may say that a source is gone. */
  const noting =
    (onChange: (change: LeaderChange) => void) =>
    (change: LeaderChange): void => {
      gone.note(change);
      onChange(change);
    };

  return {
    store,
    snapshotOf,
    toVerdict,
    watches: [
      watchedKind<PodView, LeaderChange>({
        kind: kind.pods,
        resource: pods,
        project: parsePod,
        open: (namespace, onChange) =>
          store.pods(namespace, (change) => {
            onPod?.(change);
            onChange({ of: 'Pod', change });
          }),
      }),
      watchedKind<ServiceView, LeaderChange>({
        kind: kind.services,
        resource: services,
        project: parseService,
        open(namespace, onChange) {
          const tell = noting(onChange);
          return store.services(namespace, (change) => tell({ of: 'Service', change }));
        },
      }),
      watchedKind<SliceView, LeaderChange>({
        kind: kind.ourSlices,
        resource: endpointSlices,
        project: parseSlice,
        labelSelector: `${label.sliceManagedBy}=${SLICE_MANAGER}`,
        open(namespace, onChange) {
          const tell = noting(onChange);
          return store.ourSlices(namespace, (change) => tell({ of: 'EndpointSlice', change }));
        },
      }),
      watchedKind<SliceView, LeaderChange>({
        kind: kind.foreignSlices,
        resource: endpointSlices,
        project: parseSlice,
        labelSelector: `${label.sliceManagedBy}!=${SLICE_MANAGER}`,
        metadataOnly: true,
        open: (namespace, onChange) =>
          store.foreignSlices(namespace, (change) => onChange({ of: 'EndpointSlice', change })),
      }),
    ],
    affected(seen, observedAt) {
      const { namespace } = 'source' in seen.change ? seen.change.source : seen.change.object;
      return affected(seen, store.namespace(namespace), observedAt);
    },
    sources: () => [...store.sources(), ...gone.sources()],
    toConcern: (source, cause, at) => toConcern(source, cause, at, store),
    toEvent(concern, context, at) {
      const observations = observer?.observationsOf(concern);
      // An announcement can wait for the next event; a failover cannot wait for it.
      const ended = concern.lane === 'failover' ? undefined : gone.of(concern);
      const known = { store, revisions: toRevisions(concern.namespace, context), observations, gone: ended };
      return toCloudEvent(concern, known, context, at);
    },
    onReply({ data }) {
      if (data.goneAnnounced !== undefined) gone.settle(data.goneAnnounced);
    },
    wantsChange(concern, views, at) {
      const { wantsRoute, change, nextLookAt } = dryRun(snapshotOf(concern, views), at);
      return { wantsChange: wantsRoute, change, nextAt: nextLookAt };
    },
    // The end of a source that is gone is announced by whatever event is next.
    isSettled: (concern, views, at) => gone.of(concern) === undefined && isSettled(snapshotOf(concern, views), at),
    // A pod beside a fit leader, most often: Ready again, a follower, or on its way.
    canWait: (concern, views, at) => podChanges.has(concern.type) && canWait(snapshotOf(concern, views), at),
    // What a pod's change undid does not count as progress of a replica.
    isProgress: ({ change }) => change.kind !== 'Pod',
  };
}

function toRevisions(namespace: string, views: Views): Revisions {
  const revision = (of: string): ResourceVersion => toRevision(views.revision(of, namespace));
  return {
    pods: revision(kind.pods),
    services: revision(kind.services),
    slices: older(revision(kind.ourSlices), revision(kind.foreignSlices)),
  };
}

/**
 * Empty before the first list: it is not a number, so a receiver that compares it takes the
 * snapshot for a hint.
 */
function toRevision(revision: string | null): ResourceVersion {
  return (revision ?? '') as ResourceVersion;
}

/** Where they cannot be ordered, neither is known to be older. */
function older(ours: ResourceVersion, foreign: ResourceVersion): ResourceVersion {
  return compareRevisions(foreign, ours) === 'older' ? foreign : ours;
}
