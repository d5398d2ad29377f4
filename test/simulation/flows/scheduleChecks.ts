/**
 * Checks what functions do for schedules at each write of a simulated run: one flow a minute, never
 * for a minute that is yet to come, never of another schedule.
 */

import { parseSchedule } from '../../../lib/flow/objects/parseSchedule.ts';
import { parseWatchedRun, type WatchedRun } from '../../../lib/flow/objects/parseScheduledRun.ts';
import { must } from '../../support/objects/checkRecord.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';

export interface ScheduleChecks {
  onWrite(write: ObservedWrite): void;
  readonly violations: readonly string[];
  /** Flows that were made. */
  made(): number;
}

const isOurs = (actor: string): boolean => actor.startsWith('function');

/** `maxSkewMs`: of the clock of a function. */
export function createScheduleChecks(etcd: Etcd, now: () => number, maxSkewMs: number): ScheduleChecks {
  const violations: string[] = [];
  /** Of each schedule's uid and minute: how many flows were made. */
  const made = new Map<string, number>();
  /** How many of them a person deleted before the status named the minute. */
  const deletedEarly = new Map<string, number>();

  const ownerOf = ({ ownerUid }: WatchedRun) =>
    etcd.list('jobflowschedules').find(({ metadata }) => metadata.uid === ownerUid);

  function onCreated(run: WatchedRun): void {
    const { ownerUid, scheduledAt, name } = run;
    const key = `${ownerUid}/${scheduledAt}`;
    const count = (made.get(key) ?? 0) + 1;
    made.set(key, count);
    must(scheduledAt <= now() + maxSkewMs, 'a flow for a minute that is yet to come', { name });
    const owner = ownerOf(run);
    // The garbage collector deletes what is made for a schedule that has just gone.
    if (owner === undefined) return;
    must(scheduledAt >= parseSchedule(owner).createdAt, 'a flow for a minute before its schedule', { name });
    const { concurrencyPolicy } = parseSchedule(owner).spec;
    const others = etcd.list('jobflows').map(parseWatchedRun);
    const active = others.filter((each) => each.ownerUid === ownerUid && each.name !== name && each.phase === 'active');
    must(concurrencyPolicy === 'Allow' || active.length === 0, 'two flows of a schedule run', { name, active });
    must(count - 1 <= (deletedEarly.get(key) ?? 0), 'one minute has two flows', { name, count });
  }

  function onDeleted(actor: string, run: WatchedRun): void {
    const owner = ownerOf(run);
    if (isOurs(actor)) {
      must(run.ownerUid !== null && run.phase !== 'active', 'a flow that runs is deleted', { run });
      if (owner === undefined) return;
      const { lastScheduleAt = null } = parseSchedule(owner).status ?? {};
      must((lastScheduleAt ?? 0) >= run.scheduledAt, 'a flow is deleted before the status names it', { run });
      return;
    }
    if (owner === undefined) return;
    const { lastScheduleAt = null } = parseSchedule(owner).status ?? {};
    const key = `${run.ownerUid}/${run.scheduledAt}`;
    if ((lastScheduleAt ?? 0) < run.scheduledAt) deletedEarly.set(key, (deletedEarly.get(key) ?? 0) + 1);
  }

  /** It would let a minute run again. */
  function onStatus({ before, after }: ObservedWrite): void {
    if (before === null || after === null) return;
    const [old, next] = [parseSchedule(before).status?.lastScheduleAt, parseSchedule(after).status?.lastScheduleAt];
    must((next ?? 0) >= (old ?? 0), 'the last time of a schedule goes back', { old, next });
  }

  return {
    violations,
    made: () => [...made.values()].reduce((sum, count) => sum + count, 0),
    onWrite(write) {
      const { plural, outcome, request, actor, before, after } = write;
      if (outcome !== 'written') return;
      try {
        if (plural === 'jobflowschedules' && isOurs(actor)) onStatus(write);
        if (plural !== 'jobflows') return;
        if (request.verb === 'create' && after !== null && isOurs(actor)) onCreated(parseWatchedRun(after));
        if (request.verb === 'delete' && before !== null) onDeleted(actor, parseWatchedRun(before));
        if (request.verb !== 'delete' || !isOurs(actor)) return;
        const { uid, resourceVersion } = request.preconditions;
        must(uid !== undefined && resourceVersion !== undefined, 'Z4', request);
      } catch (error) {
        violations.push(error instanceof Error ? error.message : String(error));
      }
    },
  };
}
