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
import { annotation } from '../../lib/selection/names.ts';
import { isControlledBy } from '../../lib/selection/ownership.ts';
import { type LeaderRecord, recordOf, toLeader } from '../../lib/selection/record.ts';
import type { GoneSource, Uid } from '../../lib/selection/snapshot.ts';
import { sliceName } from '../../lib/selection/wantedNames.ts';
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
  const record = recordOf(gone, undefined);
  const epoch = record.knownEpoch;
  if (epoch === 0) return { kind: 'nothing' };
  const standing = await readStanding(service, gone, deps.api, signal);
  if (standing !== 'gone') return { kind: standing };

  const { namespace, name } = service;
  const previous = announcedLeader(record) ?? record.leader;
  const at = deps.now();
  const source = { namespace, name, uid: gone.uid };
  await writeKubernetesEvent(deps.api, source, epoch, toNotice(name, previous, epoch), at, signal);
  if (deps.eventsSink !== undefined) {
    const context = { source: clusterSource(deps.clusterName), subject: service, sourceUid: gone.uid, decidedAt: at };
    const data: ReplyData = { decision: 'lost', reason: 'SourceGone', previous, leader: null, epoch, basis: 'event' };
    await deps.eventsSink(toLeaderEvent(context, data), AbortSignal.any([signal, deps.sinkSignal()]));
  }
  return { kind: 'announced', previous, epoch };
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
  for (const each of sliceNames(gone)) {
    const slice = await readIfThere(api, { resource: endpointSlices, namespace, name: each }, parseSlice, signal);
    if (slice === null) continue;
    if (isControlledBy(slice, gone.uid)) return 'waits';
    if (gone.slices.some(({ uid }) => uid === slice.uid)) return 'nothing';
  }
  return 'gone';
}

/** The sender's watch of slices may be behind: those of each leader Service count, too. */
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
