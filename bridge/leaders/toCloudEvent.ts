/**
 * toCloudEvent: makes the event for one concern, with the state to decide on. It runs when the
 * event is sent, not when the change was seen. So a burst costs one snapshot, and the snapshot is
 * as new as the store.
 *
 * Guarantees: no snapshot (a hint) where the store may be old. Where the event would exceed
 * `maxEventBytes` the snapshot is compact, and where that is too large there is none. The id is a
 * function of type, subject, revisions, observations and due time: the same state sent again has
 * the same id.
 * Source: docs/reference/events.md#events; CloudEvents extensions partitioning, sequence ("MUST be
 * lexicographically-orderable"), expirytime, distributed-tracing:
 * https://github.com/cloudevents/spec/tree/main/cloudevents/extensions
 */

import { reconcileDataSchemaAt } from '../../lib/events/dataSchema.ts';
import { hashId } from '../../lib/events/eventId.ts';
import type { ReconcileEvent } from '../../lib/events/reconcileEvent.ts';
import { serviceSubject } from '../../lib/events/subject.ts';
import { clusterSource } from '../../lib/events/toReply.ts';
import { buildSnapshot } from '../../lib/selection/buildSnapshot.ts';
import { compactSnapshot } from '../../lib/selection/compactSnapshot.ts';
import { joinObservations } from '../../lib/selection/joinObservations.ts';
import type { Observations } from '../../lib/selection/observation.ts';
import type { GoneSource, ResourceVersion, Revisions, Snapshot } from '../../lib/selection/snapshot.ts';
import { newTraceparent } from '../delivery/traceparent.ts';
import type { EventContext } from '../domain.ts';
import type { LeaderConcern } from './leaderConcern.ts';
import type { LeaderStore } from './leaderStore.ts';

/**
 * Past it the snapshot is a hint (docs/reference/events.md#hints). An event that is sent again
 * keeps its deadline.
 */
const SNAPSHOT_LIFETIME_MS = 3_000;
/** The names of the fields, with a uid, of one that has nothing else. */
const LEAST_CANDIDATE_BYTES = 128;

/** What the bridge knows of the cluster, and how far its watches have delivered. */
export interface Known {
  readonly store: Pick<LeaderStore, 'namespace'>;
  readonly revisions: Revisions;
  /** Absent where no check of the Service has a verdict. */
  readonly observations?: Observations | undefined;
  /** A deleted Service of this name whose end is to be announced. */
  readonly gone?: GoneSource | undefined;
}

export function toCloudEvent(
  concern: LeaderConcern,
  { store, revisions, observations, gone }: Known,
  context: Omit<EventContext, 'revision'>,
  now: number,
): ReconcileEvent {
  const { namespace, name, type } = concern;
  const subject = serviceSubject(namespace, name);
  const parts = [type, subject, revisions.pods, revisions.services, revisions.slices, concern.dueAt ?? 0];
  const deadline = now + SNAPSHOT_LIFETIME_MS;
  const carry = context.carryOf(concern.key);
  const hint: ReconcileEvent = {
    specversion: '1.0',
    // No revision says what was observed.
    id: hashId(observations === undefined ? parts : [...parts, JSON.stringify(observations)]),
    type,
    source: clusterSource(context.clusterName),
    subject,
    time: new Date(concern.observedAt).toISOString(),
    datacontenttype: 'application/json',
    dataschema: reconcileDataSchemaAt(context.schemasUrl),
    partitionkey: concern.key,
    sequence: toSequence(revisions.pods),
    expirytime: new Date(deadline).toISOString(),
    traceparent: newTraceparent(context.random),
    data: {
      change: concern.change,
      deadline,
      ...(observations !== undefined && { observations }),
      ...(carry !== undefined && { carry }),
      ...(gone !== undefined && { gone }),
    },
  };
  if (!context.isFresh(namespace)) return withinLimit(hint, context.maxEventBytes);
  const state = store.namespace(namespace).stateOf(name);
  const snapshot = joinObservations(buildSnapshot({ ...state, namespace, revisions }), observations);
  return withSnapshot(hint, snapshot, context.maxEventBytes, now);
}

/**
 * Sends of many pods those that the decision depends on. Where even they exceed an event, it is a
 * hint.
 */
function withSnapshot(hint: ReconcileEvent, whole: Snapshot, maxBytes: number, now: number): ReconcileEvent {
  const having = (snapshot: Snapshot): ReconcileEvent => ({ ...hint, data: { ...hint.data, snapshot } });
  // Thousands of pods are not serialised to learn that they are too many.
  if (whole.candidates.length * LEAST_CANDIDATE_BYTES <= maxBytes) {
    const event = having(whole);
    if (!exceeds(event, maxBytes)) return event;
  }
  const compact = withinLimit(having(compactSnapshot(whole, now)), maxBytes);
  return exceeds(compact, maxBytes) ? withinLimit(hint, maxBytes) : compact;
}

/** A long check, 64 times, exceeds an event. The first pods, the leader among them, matter most. */
function withinLimit(event: ReconcileEvent, maxBytes: number): ReconcileEvent {
  const { observations } = event.data;
  if (observations === undefined || observations.pods.length <= 1 || !exceeds(event, maxBytes)) return event;
  const pods = observations.pods.slice(0, Math.ceil(observations.pods.length / 2));
  return withinLimit({ ...event, data: { ...event.data, observations: { ...observations, pods } } }, maxBytes);
}

/** 20 digits hold any 64-bit revision, so that text orders as the numbers do. */
function toSequence(revision: ResourceVersion): string {
  return (/^\d{1,20}$/.test(revision) ? revision : '').padStart(20, '0');
}

function exceeds(event: ReconcileEvent, maxBytes: number): boolean {
  return Number.isFinite(maxBytes) && Buffer.byteLength(JSON.stringify(event)) > maxBytes;
}
