/**
 * createScheduleDomain: what the bridge watches, and says, about JobFlowSchedules.
 *
 * It is a domain of its own: a flow waits for no schedule, and where the kind is not installed,
 * flows run all the same.
 */

import { hashId } from '../../lib/events/eventId.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { clusterSource } from '../../lib/events/toReply.ts';
import { isObjectName } from '../../lib/flow/events/flowSubject.ts';
import { type ScheduleEvent, type ScheduleVerb, scheduleSubject } from '../../lib/flow/events/scheduleEvent.ts';
import { parseSchedule } from '../../lib/flow/objects/parseSchedule.ts';
import { parseWatchedRun, type WatchedRun } from '../../lib/flow/objects/parseScheduledRun.ts';
import { decideSchedule } from '../../lib/flow/schedule/decideSchedule.ts';
import type { ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import { hash53 } from '../../lib/flow/state/hash.ts';
import { label } from '../../lib/flow/state/names.ts';
import { jobFlowSchedules, jobFlows } from '../../lib/kube/kubeApi.ts';
import { newTraceparent } from '../delivery/traceparent.ts';
import type { Domain, EventContext } from '../domain.ts';
import { type Concern, sourceKey } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import { watchedKind } from '../watch/watchedKind.ts';
import { createScheduleStore } from './scheduleStore.ts';

export type ScheduleChange =
  | { readonly of: 'JobFlowSchedule'; readonly change: ObjectChange<ScheduleView> }
  | { readonly of: 'JobFlow'; readonly change: ObjectChange<WatchedRun> };

export interface ScheduleConcern extends Concern {
  readonly change: ScheduleEvent['data']['change'];
}

/** Ten minutes, where a round takes 30 s: a timer, and each flow that ends, are events. */
const ROUNDS = 20;

export function createScheduleDomain(): Domain<ScheduleChange, ScheduleConcern, ScheduleEvent> {
  const store = createScheduleStore();
  return {
    watches: [
      watchedKind<ScheduleView, ScheduleChange>({
        kind: 'jobflowschedules',
        resource: jobFlowSchedules,
        project: parseSchedule,
        open: (namespace, onChange) =>
          store.schedules(namespace, (change) => onChange({ of: 'JobFlowSchedule', change })),
      }),
      watchedKind<WatchedRun, ScheduleChange>({
        kind: 'jobflows-scheduled',
        resource: jobFlows,
        project: parseWatchedRun,
        labelSelector: label.schedule,
        open: (namespace, onChange) => store.runs(namespace, (change) => onChange({ of: 'JobFlow', change })),
      }),
    ],
    affected(seen, observedAt) {
      if (isOwnWrite(seen)) return [];
      const { kind: verb, object } = seen.change;
      const name = seen.of === 'JobFlow' ? seen.change.object.schedule : object.name;
      // A label may be no name of a schedule: any tenant can write one.
      if (!isObjectName(name)) return [];
      return [toConcern(object.namespace, name, { kind: seen.of, name: object.name, verb }, observedAt)];
    },
    sources: store.sources,
    isResynced: (source, round) => (round + (hash53(sourceKey(source)) % ROUNDS)) % ROUNDS === 0,
    toConcern({ namespace, name }, cause, at) {
      const verb = cause === 'start' ? 'added' : cause;
      const concern = toConcern(namespace, name, { kind: 'JobFlowSchedule', name, verb }, at);
      if (cause === 'start') return concern;
      return { ...concern, lane: cause === 'resync' ? 'low' : 'change', dueAt: at };
    },
    toEvent,
    wantsChange(concern, _views, now) {
      const view = store.viewOf(concern);
      if (view === null) return { wantsChange: false, nextAt: null };
      const { startAt, terminates, deletes, status, nextAt } = decideSchedule(view.schedule, view.runs, now);
      const changes = startAt !== null || terminates.length + deletes.length > 0 || status !== null;
      return { wantsChange: changes, nextAt };
    },
    // A name follows from the minute, so that several replicas may send at once.
    isProgress: () => false,
  };
}

/** The status of a schedule is written by us alone, and decides nothing new. */
function isOwnWrite({ of, change }: ScheduleChange): boolean {
  if (of !== 'JobFlowSchedule' || change.kind !== 'modified') return false;
  return change.previous.generation === change.object.generation;
}

function toConcern(
  namespace: string,
  name: string,
  change: ScheduleConcern['change'],
  observedAt: number,
): ScheduleConcern {
  return { key: sourceKey({ namespace, name }), namespace, name, lane: 'change', observedAt, change };
}

function toEvent(concern: ScheduleConcern, context: EventContext, now: number): ScheduleEvent {
  const { namespace, change, observedAt, dueAt = 0 } = concern;
  const type: `io.zen-flow.jobflowschedule.${ScheduleVerb}` = `io.zen-flow.jobflowschedule.${change.verb}`;
  const subject = scheduleSubject(concern);
  const revisions = ['jobflowschedules', 'jobflows-scheduled'].map((kind) => context.revision(kind, namespace) ?? '');
  return {
    specversion: '1.0',
    id: hashId([type, subject, ...revisions, dueAt]),
    type,
    source: clusterSource(context.clusterName),
    subject,
    time: formatRfc3339(observedAt),
    datacontenttype: 'application/json',
    partitionkey: concern.key,
    traceparent: newTraceparent(context.random),
    data: { change, deadline: now },
  };
}
