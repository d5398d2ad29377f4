/**
 * Checks each write of a simulated run of flows, at the instant at which it takes effect. Names as
 * in docs/decisions/flows.md#what-holds.
 */

import { parseJob, toJobView } from '../../../lib/flow/objects/parseJob.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import type { FlowRecord, StepRecord } from '../../../lib/flow/state/record.ts';
import { checkRecord, must } from '../../support/objects/checkRecord.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { controllerOf, type KubeObject } from '../kubeObject.ts';
import { type Attempt, forgottenAttempts } from './forgottenAttempts.ts';

export interface FlowChecks {
  /** Called before the write of a request that was `sentAt` then. Milliseconds of `now`. */
  onArrival(sentAt: number): void;
  onWrite(write: ObservedWrite): void;
  readonly violations: readonly string[];
  /** Jobs that were made. */
  made(): number;
}

/** Objects of the simulated cluster are never changed in place, and are looked at many times. */
function once<T>(parse: (object: KubeObject) => T): (object: KubeObject) => T {
  const known = new WeakMap<KubeObject, T>();
  return (object) => {
    const parsed = known.get(object) ?? parse(object);
    known.set(object, parsed);
    return parsed;
  };
}

const isOurs = (actor: string): boolean => actor.startsWith('function');

/** The latest Job of an attempt. */
interface Made extends Attempt {
  readonly key: string;
  readonly ownerUid: string | null;
  readonly madeAt: number;
}

/** A snapshot counts for half a second without a record, and clocks differ by 600 ms at most. */
const OLDEST_WITHOUT_RECORD_MS = 1_100;

export function createFlowChecks(etcd: Etcd, now: () => number): FlowChecks {
  const violations: string[] = [];
  /** Of each flow's uid: attempts that a record has said to run. */
  const said = new Set<string>();
  const made = new Map<string, number>();
  const attempts = new Map<string, Made>();
  /** How many Jobs of an attempt a person deleted before the record had their uid. */
  const deletedEarly = new Map<string, number>();
  /** Flows whose record was deleted: the next one is built again. */
  const rebuilt = new Set<string>();
  /** Of each flow: when the creation of its record was sent. */
  const begunAt = new Map<string, number>();
  /** When a person last deleted a Job of an attempt, or the record of a flow. */
  const deletedAt = new Map<string, number>();
  /** Attempts of which a request that hung meanwhile has made a Job. */
  const madeLate = new Set<string>();
  let sentAt = Number.NEGATIVE_INFINITY;

  const jobOf = once(parseJob);
  const flowOf = once((object) => parseJobFlow(object));
  const recordObjectOf = once(parseRecordObject);

  /** Of each flow, by uid. */
  const versions = new Map<string, number[]>();

  function noteVersion({ after }: ObservedWrite): void {
    if (after === null) return;
    const { uid, resourceVersion } = after.metadata;
    const known = versions.get(uid) ?? [];
    known.push(Number(resourceVersion));
    versions.set(uid, known);
  }

  const recordOf = (flowUid: string): FlowRecord | null => {
    for (const object of etcd.list('jobflowrecords')) {
      if (controllerOf(object)?.uid !== flowUid) continue;
      const { ownerUid, record } = recordObjectOf(object);
      if (ownerUid === flowUid && record !== 'unreadable') return record;
    }
    return null;
  };
  const stepOf = (flowUid: string, step: string): StepRecord | undefined =>
    recordOf(flowUid)?.steps.find(({ name }) => name === step);

  /** Of attempts of steps that run once: the uid of the Job that was released. */
  const released = new Map<string, string>();

  function onJob({ actor, before, after, request }: ObservedWrite): void {
    if (request.verb === 'create' && after !== null && isOurs(actor)) onCreated(after);
    if (request.verb === 'patch' && before !== null && after !== null && isOurs(actor)) onHeld(before, after);
    if (request.verb !== 'delete' || before === null) return;
    const { ownerUid, step, attempt, uid } = jobOf(before);
    if (isOurs(actor)) must(ownerUid !== null, 'Z13', { actor, before });
    if (actor !== 'user' || ownerUid === null) return;
    const running = stepOf(ownerUid, step);
    const isRecorded = running?.attempt === attempt && running.jobUid === uid;
    const key = `${ownerUid}/${step}/${attempt}`;
    deletedAt.set(key, now());
    if (!isRecorded) deletedEarly.set(key, (deletedEarly.get(key) ?? 0) + 1);
  }

  /** A Job is released once its uid is recorded, and only one of ours is suspended. */
  function onHeld(before: KubeObject, after: KubeObject): void {
    const [old, now] = [jobOf(before), jobOf(after)];
    const { ownerUid, step, attempt, uid } = now;
    must(ownerUid !== null, 'Z13', { after });
    if (old.suspended !== true || now.suspended === true) return;
    must(old.held !== undefined, 'a Job is released that zen-flow did not suspend', { before });
    if (old.held !== 'once' || ownerUid === null) return;
    const running = stepOf(ownerUid, step);
    const isOther = running !== undefined && (running.attempt !== attempt || running.phase !== 'Running');
    must(isOther || rebuilt.has(ownerUid) || running?.jobUid === uid, 'once: released before its uid is recorded', {
      running,
      uid,
    });
    const key = `${ownerUid}/${step}/${attempt}`;
    must((released.get(key) ?? uid) === uid, 'once: a second Job is released', { key, uid });
    released.set(key, uid);
  }

  /** Of the flows of a group, one has the word of its record to run. */
  function onGroup(): void {
    const running = etcd.list('jobflows').filter(({ metadata }) => {
      const record = recordOf(metadata.uid);
      return record !== null && record.groupAt !== null && record.endedAt === null;
    });
    const keys = running.flatMap((flow) => flowOf(flow).spec.policy.concurrencyKey ?? []);
    must(new Set(keys).size === keys.length, 'two flows of a group run', {
      running: running.map((each) => each.metadata.name),
    });
  }

  function onCreated(object: KubeObject): void {
    const { ownerUid, step, attempt, held } = jobOf(object);
    const key = `${ownerUid}/${step}/${attempt}`;
    must(said.has(key), 'Z1: a Job before its record', { key });
    const count = (made.get(key) ?? 0) + 1;
    made.set(key, count);
    attempts.set(key, { key, ownerUid, step, attempt, madeAt: now() });
    // A request that hung in the network while a person deleted what it is about. What it makes
    // of a step that runs once is suspended, and released only where the record went as well.
    if (Math.max(deletedAt.get(key) ?? 0, deletedAt.get(ownerUid ?? '') ?? 0) > sentAt) {
      must(!released.has(key) || held === 'once', 'once: a second Job runs at once', { key });
      deletedEarly.set(key, Math.max(count, deletedEarly.get(key) ?? 0));
      madeLate.add(key);
      return;
    }
    const running = ownerUid === null ? undefined : stepOf(ownerUid, step);
    // What a request makes that hung in the network, for a step that has ended since, is deleted.
    const isWanted = running?.phase === 'Running' && running.attempt === attempt;
    // Where flow and record have gone, a snapshot of before begins it once more. The garbage
    // collector deletes that.
    const isOfFlow = etcd.list('jobflows').some(({ metadata }) => metadata.uid === ownerUid);
    if (!isWanted || !isOfFlow) return;
    must(!released.has(key), 'once: a second Job after the first one was released', { key });
    must(running.jobUid === null || !made.has(key) || count === 1, 'Z3', { key, running });
    must(count - 1 <= (deletedEarly.get(key) ?? 0), 'Z1: an attempt has two Jobs', { key, count });
  }

  function onRecord({ actor, before, after, request }: ObservedWrite): void {
    const object = before ?? after;
    if (object === null) return;
    const owner = recordObjectOf(object).ownerUid ?? '';
    if (request.verb === 'delete' && actor === 'user') {
      rebuilt.add(owner);
      deletedAt.set(owner, now());
      // A status that comes later says more than the snapshot does with which it is built again.
      mayForget(owner);
    }
    if (request.verb === 'create') begunAt.set(owner, sentAt);
    if (request.verb !== 'patch' || after === null) return;
    const { metadata = {} } = request.patch;
    must(typeof metadata['uid'] === 'string' && typeof metadata['resourceVersion'] === 'string', 'Z4', request.patch);
    const { record } = recordObjectOf(after);
    if (record === null || record === 'unreadable') return;
    for (const { name, phase, attempt } of record.steps)
      if (phase === 'Running') said.add(`${owner}/${name}/${attempt}`);
    const found = etcd.list('jobflows').find((each) => each.metadata.uid === owner);
    if (found === undefined) return;
    const old = before === null ? null : recordObjectOf(before).record;
    if (old === null && rebuilt.delete(owner)) {
      onRebuilt(owner);
      return;
    }
    if (old !== null && old !== 'unreadable') checkRevisions(owner, old, record);
    const jobs = etcd
      .list('jobs')
      .map((job) => toJobView(jobOf(job), owner))
      .filter((job) => job.isOurs);
    checkRecord(old === 'unreadable' ? null : old, record, flowOf(found).spec, jobs);
    onGroup();
  }

  /** What neither a Job nor the status says has run may run again. */
  function onRebuilt(uid: string): void {
    const unseenFrom = (begunAt.get(uid) ?? 0) - OLDEST_WITHOUT_RECORD_MS;
    for (const { key, ownerUid, madeAt } of attempts.values()) {
      if (ownerUid !== uid) continue;
      if (madeAt >= unseenFrom) forget(key);
      else if (madeLate.has(key)) released.delete(key);
    }
    mayForget(uid);
  }

  function mayForget(flowUid: string): void {
    const flow = etcd.list('jobflows').find(({ metadata }) => metadata.uid === flowUid);
    if (flow === undefined) return;
    const own = [...attempts.values()].filter(({ ownerUid }) => ownerUid === flowUid);
    for (const { key } of forgottenAttempts(etcd, flow, own)) forget(key);
  }

  /** It may run again. */
  function forget(key: string): void {
    deletedEarly.set(key, made.get(key) ?? 0);
    released.delete(key);
  }

  /**
   * A read has the version of the flow itself, which is older than what a watch has delivered. It
   * must not be older than the version that the watch had.
   */
  function checkRevisions(uid: string, before: FlowRecord, after: FlowRecord): void {
    const known = (versions.get(uid) ?? []).filter((version) => version <= Number(before.flowRevision));
    const decidedOn = { before: [before.flowRevision, before.jobsRevision], after, known };
    must(Number(after.jobsRevision) >= Number(before.jobsRevision), 'Z5: an older view of the Jobs', decidedOn);
    must(Number(after.flowRevision) >= Math.max(0, ...known), 'Z5: an older view of the flow', decidedOn);
  }

  return {
    violations,
    onArrival: (at) => {
      sentAt = at;
    },
    made: () => [...made.values()].reduce((sum, count) => sum + count, 0),
    onWrite(write) {
      if (write.outcome !== 'written') return;
      try {
        if (write.plural === 'jobflows') noteVersion(write);
        if (write.plural === 'jobs') onJob(write);
        if (write.plural === 'jobflowrecords') onRecord(write);
        const isDelete = write.request.verb === 'delete' && isOurs(write.actor);
        if (!isDelete || write.request.verb !== 'delete') return;
        const { uid, resourceVersion } = write.request.preconditions;
        must(uid !== undefined && resourceVersion !== undefined, 'Z4', write.request);
      } catch (error) {
        violations.push(error instanceof Error ? error.message : String(error));
      }
    },
  };
}
