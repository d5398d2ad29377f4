/**
 * createFlowDomain: what the bridge watches, and says, about flows.
 *
 * An event carries the flow as the watches show it, so that a function decides without a read.
 */

import type { FlowChange, FlowEvent } from '../../lib/flow/events/flowEvent.ts';
import { isObjectName } from '../../lib/flow/events/flowSubject.ts';
import { parseJob, type WatchedJob } from '../../lib/flow/objects/parseJob.ts';
import { parseRecordObject, type WatchedRecord } from '../../lib/flow/objects/parseRecordObject.ts';
import { parseWatchedFlow } from '../../lib/flow/objects/parseWatchedFlow.ts';
import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import { hash53 } from '../../lib/flow/state/hash.ts';
import { label, MANAGER, requestPrefix } from '../../lib/flow/state/names.ts';
import type { FlowSnapshot, FlowView } from '../../lib/flow/state/snapshot.ts';
import { isStatusBehind } from '../../lib/flow/writes/toStatus.ts';
import { jobFlowRecords, jobFlows, jobs } from '../../lib/kube/kubeApi.ts';
import type { Domain, Views } from '../domain.ts';
import { type Lane, type Source, sourceKey } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import { sameView } from '../watch/sameView.ts';
import { watchedKind } from '../watch/watchedKind.ts';
import { type FlowConcern, toFlowConcern } from './flowConcern.ts';
import { createFlowStore, type FlowAndRecord, type FlowStore } from './flowStore.ts';
import { flowWish } from './flowWish.ts';
import { longestWaiting, releasedGroup } from './groupTurn.ts';
import { type Encode, toFlowEvent } from './toFlowEvent.ts';

export type FlowStoreChange =
  | { readonly of: 'JobFlow'; readonly change: ObjectChange<FlowView> }
  | { readonly of: 'JobFlowRecord'; readonly change: ObjectChange<WatchedRecord> }
  | { readonly of: 'Job'; readonly change: ObjectChange<WatchedJob> };

export interface FlowDomain<Snapshot> extends Domain<FlowStoreChange, FlowConcern, FlowEvent<Snapshot>> {
  readonly store: FlowStore;
}

export function createFlowDomain<Snapshot>(encode: Encode<Snapshot>): FlowDomain<Snapshot> {
  const store = createFlowStore();
  const snapshotOf = (concern: FlowConcern, views: Views): FlowSnapshot => {
    const revision = (kind: string) => views.revision(kind, concern.namespace) ?? '';
    return store.snapshotOf(concern, { flows: revision('jobflows'), jobs: revision('jobs') });
  };
  /** Who waits asks seldom, so the flow that holds the group wakes one of them with its end. */
  const nextOfGroup = (seen: FlowStoreChange, observedAt: number): readonly FlowConcern[] => {
    const key = releasedGroup(seen, (source) => store.viewOf(source));
    const next = key === null ? null : longestWaiting(store.viewsIn(seen.change.object.namespace), key);
    return next === null ? [] : [toFlowConcern(next, 'recheck', observedAt)];
  };
  const managed = `${label.managedBy}=${MANAGER}`;
  return {
    store,
    lowDelayMs: LOW_DELAY_MS,
    watches: [
      watchedKind<FlowView, FlowStoreChange>({
        kind: 'jobflows',
        resource: jobFlows,
        project: (input) => parseWatchedFlow(input, (of) => store.viewOf(of)?.flow),
        open: (namespace, onChange) => store.flows(namespace, (change) => onChange({ of: 'JobFlow', change })),
      }),
      watchedKind<WatchedRecord, FlowStoreChange>({
        kind: 'jobflowrecords',
        resource: jobFlowRecords,
        project: parseRecordObject,
        open: (namespace, onChange) => store.records(namespace, (change) => onChange({ of: 'JobFlowRecord', change })),
      }),
      watchedKind<WatchedJob, FlowStoreChange>({
        kind: 'jobs',
        resource: jobs,
        project: parseJob,
        labelSelector: managed,
        open: (namespace, onChange) => store.jobs(namespace, (change) => onChange({ of: 'Job', change })),
      }),
    ],
    // A label may be no name of a flow: any tenant can write one.
    affected: (seen, observedAt) =>
      [toConcern(seen, observedAt), ...nextOfGroup(seen, observedAt)].filter(({ name }) => isObjectName(name)),
    sources: store.sources,
    isResynced: (source, round) => {
      const seen = store.viewOf(source);
      return seen === null || (round + offsetOf(source)) % roundsOf(seen) === 0;
    },
    toConcern: toFlowConcern,
    toEvent: (concern, context, at) => toFlowEvent(concern, snapshotOf(concern, context), context, encode, at),
    wantsChange: (concern, views, at) => flowWish(snapshotOf(concern, views), at),
    // A Job that ends is no doing of another replica.
    isProgress: ({ change }) => change.kind !== 'Job',
  };
}

/**
 * A step that is over sooner costs one event, and not two: its Job and the record come back at
 * their own times. Less than the time after which a Job that is not seen is read.
 */
const LOW_DELAY_MS = 1_000;

/** Five minutes, and an hour, where a round takes 30 s. */
const WAITING_ROUNDS = 10;
const ENDED_ROUNDS = 120;

/**
 * After how many rounds of the resync a flow is looked at again. One that waits for a person
 * changes when the person does, and of one that has ended a timer is left. Both are events.
 */
function roundsOf({ flow, record }: FlowAndRecord): number {
  // One that was refused has ended, too, until it is changed.
  const isRefused = flow.status?.phase === 'Failed' && flow.status.observedGeneration === flow.generation;
  if (record === null) return isRefused ? ENDED_ROUNDS : 1;
  if (isStatusBehind(flow, record)) return 1;
  // Others are still to be told.
  if (record.outbox !== undefined && record.outbox.entries.length > 0) return 1;
  const { phase } = flowPhase(flow.spec, record);
  if (record.endedAt !== null) return ENDED_ROUNDS;
  return phase === 'Paused' || phase === 'Suspended' ? WAITING_ROUNDS : 1;
}

/** Spreads those that wait over their rounds. */
function offsetOf(source: Source): number {
  return hash53(sourceKey(source)) % ENDED_ROUNDS;
}

function toConcern(seen: FlowStoreChange, observedAt: number): FlowConcern {
  const { kind: verb, object } = seen.change;
  const { namespace } = object;
  const flow = seen.of === 'JobFlow' ? seen.change.object.name : seen.change.object.flow;
  const change: FlowChange = { kind: seen.of, name: object.name, verb };
  const type = seen.of === 'Job' ? (`io.zen-flow.job.${verb}` as const) : (`io.zen-flow.jobflow.${verb}` as const);
  return { key: `${namespace}/${flow}`, namespace, name: flow, lane: laneOf(seen), observedAt, type, change };
}

/**
 * What a step waits for comes first: the end of a Job, and what a person asks. What our own writes
 * do, the reply about them has said.
 */
function laneOf({ of, change }: FlowStoreChange): Lane {
  if (of === 'JobFlowRecord') return change.kind === 'deleted' ? 'change' : 'low';
  if (of === 'JobFlow') {
    if (change.kind !== 'modified') return 'change';
    if (isOfView(change)) return 'low';
    return isOfRequest(change) ? 'failover' : 'change';
  }
  if (change.kind === 'deleted' || change.object.outcome !== null) return 'failover';
  // It is released once its uid is recorded.
  return change.object.suspended === true ? 'change' : 'low';
}

interface Modified {
  readonly object: FlowView;
  readonly previous: FlowView;
}

/** A person has answered, or asks for something (requests.ts). */
function isOfRequest({ object, previous }: Modified): boolean {
  const requests = ({ annotations }: FlowView) =>
    Object.entries(annotations)
      .filter(([key]) => requestPrefixes.some((prefix) => key.startsWith(prefix)))
      .sort();
  return !sameView(requests(object), requests(previous));
}

const requestPrefixes = Object.values(requestPrefix).map((prefix) => `${prefix}/`);

/** Whether the status alone differs. */
function isOfView({ object, previous }: Modified): boolean {
  const view = { status: null, source: {} };
  return sameView({ ...object, ...view }, { ...previous, ...view });
}
