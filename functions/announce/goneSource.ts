/**
 * announceGone: announces the end of a deleted source: the CloudEvent `io.zen-lead.leader.lost`
 * with the reason `SourceGone`, and a Kubernetes Event.
 * docs/reference/events.md#the-end-of-a-service
 *
 * What the sender says is checked by consistent reads: the source of this uid is not there, and
 * none of its slices is either. A route that still stands is not announced as lost.
 *
 * Guarantees: one id, `<source uid>/<epoch>/<type>/SourceGone`, whichever function announces it
 * and however often. It writes to no object.
 */

import type { ReplyData } from '../../lib/events/reply.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { clusterSource, toLeaderEvent } from '../../lib/events/toReply.ts';
import { endpointSlices, type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import type { Leader } from '../../lib/selection/decision.ts';
import {
  type ElectionRef,
  electionKey,
  isSameElection,
  theElection,
} from '../../lib/selection/elections/electionSettings.ts';
import { annotation, label } from '../../lib/selection/names.ts';
import { isControlledBy, isLeaderSlice } from '../../lib/selection/ownership.ts';
import { type LeaderRecord, recordOf, toLeader } from '../../lib/selection/record.ts';
import type { GoneSource, ServiceView, SliceView, Uid } from '../../lib/selection/snapshot.ts';
import { sliceName } from '../../lib/selection/wantedNames.ts';
import { listCollection } from '../reconcile/listParsed.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';
import type { EventsSink } from './eventsSink.ts';
import { type Notice, writeKubernetesEvent } from './kubernetesEvent.ts';

/** What became of it. `waits`: its route still stands, so another attempt is owed. */
export type Ending =
  | { readonly kind: 'announced'; readonly previous: Leader | null; readonly epoch: number }
  | { readonly kind: 'nothing' | 'waits' };

export interface GoneDeps {
  readonly api: KubeApi;
  readonly clusterName: string;
  readonly eventsSink: EventsSink | undefined;
  readonly now: () => number;
  /** For the sink. */
  sinkSignal(): AbortSignal;
}

/** Rejects where the announcement did not get through. */
export async function announceGone(
  service: ServiceRef,
  gone: GoneSource,
  deps: GoneDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const endings = electionsOfGone(gone).filter(({ record }) => record.knownEpoch > 0);
  const [first] = endings;
  if (first === undefined) return { kind: 'nothing' };
  const standing = await readStanding(service, gone, deps.api, signal);
  if (standing !== 'gone') return { kind: standing };
  for (const each of endings) await announceEnd(service, gone.uid, each, deps, signal);
  return { kind: 'announced', previous: lastLeader(first), epoch: first.record.knownEpoch };
}

interface GoneElection {
  /** Null where the Service had one election. */
  readonly ref: ElectionRef | null;
  readonly record: LeaderRecord;
}

async function announceEnd(
  { namespace, name }: ServiceRef,
  uid: Uid,
  ended: GoneElection,
  deps: GoneDeps,
  signal: AbortSignal,
): Promise<void> {
  const { ref, record } = ended;
  const epoch = record.knownEpoch;
  const previous = lastLeader(ended);
  const at = deps.now();
  const source = { namespace, name, uid, ...(ref !== null && { election: ref }) };
  await writeKubernetesEvent(deps.api, source, epoch, toNotice(name, previous, epoch), at, signal);
  if (deps.eventsSink === undefined) return;
  const subject = { namespace, name, ...ref };
  const context = { source: clusterSource(deps.clusterName), subject, sourceUid: uid, decidedAt: at };
  const data: ReplyData = { decision: 'lost', reason: 'SourceGone', previous, leader: null, epoch, basis: 'event' };
  await deps.eventsSink(toLeaderEvent(context, data), AbortSignal.any([signal, deps.sinkSignal()]));
}

/** By label, because no annotation is left that says which there were. */
function electionsOfGone({ services: leaderServices, slices }: GoneSource): readonly GoneElection[] {
  const refs = new Map<string, ElectionRef>(
    [...leaderServices.map(refOfService), ...slices.map(refOfSlice)].map((ref) => [electionKey(ref), ref]),
  );
  const isOnlyOne = refs.size <= 1 && (refs.has(electionKey(theElection)) || refs.size === 0);
  return [...refs.values()].map((ref) => {
    const owned = {
      // The Service of a pool says what was announced of its first slot.
      services: leaderServices.filter((each) => isSameElection(refOfService(each), ref)),
      slices: slices.filter((each) => isSameElection(refOfSlice(each), ref)),
    };
    return { ref: isOnlyOne ? null : ref, record: recordOf(owned, undefined, ref.slot) };
  });
}

function refOfService({ labels }: ServiceView): ElectionRef {
  return { election: labels[label.election] ?? '', slot: 0 };
}

function refOfSlice({ election = '', slot = 0 }: SliceView): ElectionRef {
  return { election, slot };
}

function lastLeader({ record }: GoneElection): Leader | null {
  return announcedLeader(record) ?? record.leader;
}

/**
 * `nothing`: the source is there, or its route was left behind by `--cascade=orphan` and stays.
 * `waits`: the garbage collector has not removed the route yet.
 */
async function readStanding(
  { namespace, name }: ServiceRef,
  gone: GoneSource,
  api: KubeApi,
  signal: AbortSignal,
): Promise<'gone' | 'nothing' | 'waits'> {
  const source = await readIfThere(api, { resource: services, namespace, name }, parseService, signal);
  if (source?.uid === gone.uid) return 'nothing';
  const collection = { api, resource: endpointSlices, namespace, parse: parseSlice, signal };
  const { items } = await listCollection(collection, `${label.sourceService}=${name}`);
  // Followers may wait for a finalizer, and nothing of them is announced.
  if (items.some((slice) => isControlledBy(slice, gone.uid) && isLeaderSlice(slice))) return 'waits';
  // A hand may have taken the label away.
  for (const each of sliceNames(gone)) {
    const slice = await readIfThere(api, { resource: endpointSlices, namespace, name: each }, parseSlice, signal);
    if (slice === null) continue;
    if (isControlledBy(slice, gone.uid)) return 'waits';
    if (gone.slices.some(({ uid }) => uid === slice.uid)) return 'nothing';
  }
  return 'gone';
}

/** As far as the sender has seen them. */
function sliceNames({ services: leaderServices, slices }: GoneSource): ReadonlySet<string> {
  const families = ['IPv4', 'IPv6'] as const;
  return new Set([
    ...slices.map(({ name }) => name),
    ...leaderServices.flatMap(({ name }) => families.map((family) => sliceName(name, family))),
  ]);
}

function announcedLeader({ announced, service }: LeaderRecord): Leader | null {
  const name = service?.annotations[annotation.leaderPodName];
  return announced.leaderUid === null || name === undefined ? null : toLeader(name, announced.leaderUid as Uid);
}

function toNotice(name: string, previous: Leader | null, epoch: number): Notice {
  const past = previous === null ? '' : ` Pod "${previous.name}" no longer leads (epoch ${epoch}).`;
  return { type: 'Normal', reason: 'SourceGone', value: 'SourceGone', note: `Service "${name}" is gone.${past}` };
}
