/**
 * onScheduleEvent: one pass over one JobFlowSchedule. It reads the schedule and its flows, decides,
 * and makes, ends and deletes flows.
 *
 *   GET schedule, LIST its flows -> decideSchedule -> flow -> status -> flows that are not kept
 *                                      -> status first, where only one flow may run
 *
 * Guarantees: no state is kept between two passes. One minute has one flow: the name is a function
 * of it, and a flow of that name counts as ours only where this schedule controls it. A flow is
 * made before the status says so, and deleted after, so that a kill in between neither loses nor
 * doubles a minute. The status carries the version that was decided on. Nothing is written later
 * than READ_LIFETIME_MS after the read.
 * Does not guarantee that a flow is not made again which others delete before a status names it.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import type { FlowRef } from '../../lib/flow/events/flowEvent.ts';
import type { ScheduleReplyData } from '../../lib/flow/events/scheduleEvent.ts';
import { parseSchedule } from '../../lib/flow/objects/parseSchedule.ts';
import { decideSchedule, type ScheduleDecision } from '../../lib/flow/schedule/decideSchedule.ts';
import { toStatusObject } from '../../lib/flow/schedule/scheduleStatus.ts';
import type { RefusedRun, ScheduledRun, ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import { toTime } from '../../lib/flow/writes/statusConditions.ts';
import { jobFlowScheduleStatus, jobFlowSchedules, jobFlows, type KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';
import { listRuns } from './listRuns.ts';
import { type Made, makeRun } from './makeRun.ts';
import { tellSchedule } from './tellSchedule.ts';

export interface ScheduleDeps {
  readonly api: KubeApi;
  readonly log: Logger;
  readonly metrics: Pick<FlowMetrics, 'labels' | 'scheduleRuns' | 'scheduleDelaySeconds'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * From the first request on, shorter than of a flow: nothing but this time fences the flow that is
 * made (docs/decisions/flows.md#choices).
 */
const READ_LIFETIME_MS = 2_000;
/** Of a schedule that others write to all the time. The sender tries again then. */
const MAX_PASSES = 6;

export async function onScheduleEvent(
  ref: FlowRef,
  deps: ScheduleDeps,
  signal: AbortSignal,
): Promise<ScheduleReplyData> {
  let failure: unknown;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const deadline = deps.now() + READ_LIFETIME_MS;
    const schedule = await readIfThere(deps.api, { resource: jobFlowSchedules, ...ref }, parseSchedule, signal);
    if (schedule === null || schedule.terminating) return { decision: 'kept' };
    const runs = await listRuns(deps.api, schedule, signal);
    try {
      return await settle(schedule, runs, withDeadline(deps, deadline), signal);
    } catch (error) {
      // What was decided on is no longer so.
      const isStale = (error instanceof ZenLeadError && error.retry === 'now') || codeOf(error) === 'KUBE_NOT_FOUND';
      if (!isStale) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function settle(
  schedule: ScheduleView,
  runs: readonly ScheduledRun[],
  deps: ScheduleDeps,
  signal: AbortSignal,
): Promise<ScheduleReplyData> {
  const { api } = deps;
  const { namespace } = schedule;
  const first = decideSchedule(schedule, runs, deps.now());
  const reserved = first.reserves ? await reserve(schedule, first.startAt, api, signal) : schedule;
  const made = first.startAt === null ? null : await makeRun(reserved, first.startAt, runs, deps, signal);
  const decision = made === null ? first : decideAgain(reserved, runs, made, deps.now());
  for (const { name, resourceVersion } of decision.terminates)
    await api.mergePatch(
      jobFlows,
      namespace,
      name,
      { metadata: { resourceVersion }, spec: { shutdown: 'Terminate' } },
      signal,
    );
  await tellSchedule(schedule, first, made, deps, signal);
  if (decision.status !== null) {
    const { resourceVersion } = reserved;
    const body = { metadata: { resourceVersion }, status: toStatusObject(decision.status) };
    await api.mergePatch(jobFlowScheduleStatus, namespace, schedule.name, body, signal);
  }
  for (const { name, uid, resourceVersion } of decision.deletes)
    await deleteIfThere(api, namespace, name, { uid, resourceVersion }, signal);
  const { nextAt } = decision;
  return {
    decision: made?.kind === 'made' ? 'started' : decision.kind === 'refused' ? 'refused' : 'kept',
    ...(made?.kind === 'made' && { flow: made.run.name }),
    ...(nextAt !== null && { recheckAfterMs: toRecheckDelay(nextAt - deps.now()) }),
  };
}

/**
 * Names the time in the status, at the version that was decided on. Of two functions that decide at
 * once one wins, and the other one has to see what it does.
 */
async function reserve(
  { namespace, name, resourceVersion, generation, status }: ScheduleView,
  at: number | null,
  api: KubeApi,
  signal: AbortSignal,
): Promise<ScheduleView> {
  const body = {
    metadata: { resourceVersion },
    status: {
      observedGeneration: status?.observedGeneration ?? generation,
      startingTime: at === null ? null : toTime(at),
    },
  };
  return parseSchedule(await api.mergePatch(jobFlowScheduleStatus, namespace, name, body, signal));
}

/** With the flow that was made, or the reason why none could be. */
function decideAgain(schedule: ScheduleView, runs: readonly ScheduledRun[], made: Made, now: number): ScheduleDecision {
  const refused: RefusedRun | null = made.kind === 'refused' ? made.refused : null;
  const known = made.kind === 'refused' ? runs : [...runs, made.run];
  return decideSchedule(schedule, known, now, refused);
}

async function deleteIfThere(
  api: KubeApi,
  namespace: string,
  name: string,
  preconditions: { readonly uid: string; readonly resourceVersion: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await api.delete(jobFlows, namespace, name, preconditions, signal);
  } catch (error) {
    if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
  }
}

/** Asks before each single write. */
function withDeadline(deps: ScheduleDeps, deadline: number): ScheduleDeps {
  const inTime = <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> => {
      if (deps.now() < deadline) return write(...args);
      const message = 'the schedule decided on grew too old before it was written';
      return Promise.reject(new ZenLeadError('KUBE_TIMEOUT', message, { retry: 'now' }));
    };
  };
  const { api } = deps;
  const create: KubeApi['create'] = inTime((...args) => api.create(...args));
  const mergePatch: KubeApi['mergePatch'] = inTime((...args) => api.mergePatch(...args));
  const remove: KubeApi['delete'] = inTime((...args) => api.delete(...args));
  return { ...deps, api: { ...api, create, mergePatch, delete: remove } };
}
