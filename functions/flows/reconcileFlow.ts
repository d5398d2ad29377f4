/**
 * reconcileFlow: one pass over one flow. It takes the snapshot or reads the state, decides, writes,
 * tells, and says when to look again.
 *
 *   snapshot in time and fresh, else read -> advance -> record, Jobs, deletions -> status
 *                                                    -> Events, for which nothing waits
 *   -> announcements, where nothing else was to do
 *
 * Guarantees: no state is kept between two reconciles. After a conflict the state is read and
 * decided on again, and nothing is resent. What was written by then is counted, told and replied.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import { isFresh } from '../../lib/flow/engine/isFresh.ts';
import {
  type FlowEventData,
  type FlowRef,
  type FlowReplyData,
  SNAPSHOT_LIFETIME_MS,
} from '../../lib/flow/events/flowEvent.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { writableUntil } from '../reconcile/stateRead.ts';
import { withOutbox } from './announceOwed.ts';
import { countFlow } from './countFlow.ts';
import { decideFlow, READ_FOR_MS } from './decideFlow.ts';
import { type Done, finishFlow, nothingDone } from './finishFlow.ts';
import type { FlowAnnouncer } from './flowAnnouncer.ts';
import { readFlowCarry } from './flowCarry.ts';
import type { NewsDesk } from './newsDesk.ts';
import { readFlow } from './readFlow.ts';
import { MANY_STEPS } from './readJobs.ts';
import { type FlowOutcome, settleFlow } from './settleFlow.ts';
import type { ViewPace } from './viewPace.ts';

export interface FlowDeps {
  readonly api: KubeApi;
  readonly log: Logger;
  readonly metrics: FlowMetrics;
  readonly news: Pick<NewsDesk, 'tell' | 'tellFailure'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Undefined where Kubernetes alone is told. */
  readonly announcer?: FlowAnnouncer | undefined;
  /** From how many steps on a read takes a few Jobs by name, instead of `MANY_STEPS`. */
  readonly manySteps?: number;
  /** Another rule for snapshots than our own. */
  readonly isFresh?: (snapshot: FlowSnapshot) => boolean;
}

/** With what the flows of a process share. */
export type SharedFlowDeps = FlowDeps & { readonly views: ViewPace };

export interface FlowRequest {
  readonly flow: FlowRef;
  readonly data: FlowEventData;
  /** When a trusted bridge saw the change; epoch milliseconds. */
  readonly observedAt?: number | undefined;
  /** Why the data says nothing, where it does not. */
  readonly whyHint?: FlowHintReason | undefined;
}

/** Why the state is read instead of taken from the event. */
export type FlowHintReason =
  | 'foreign'
  | 'untrusted'
  | 'unreadable'
  | 'noSnapshot'
  | 'late'
  | 'old'
  /** The snapshot cannot tell whether a Job has gone. */
  | 'unseen'
  /** It has other templates than those that are to start. */
  | 'template'
  | 'conflict';

/** Of a flow that others write to all the time. The sender tries again then. */
const MAX_PASSES = 10;

/**
 * However long the reads took: the process may have stood still, and no resourceVersion fences the
 * Job that is made last. Three calls of 3 s each fit.
 */
const READ_LIFETIME_LIMIT_MS = 10_000;

/**
 * How long a snapshot counts that shows no record. Nothing fences what is made of it: a person may
 * have deleted, since it was built, the record of a flow that has run.
 */
const UNFENCED_FOR_MS = 500;

interface Basis {
  readonly snapshot: FlowSnapshot;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly isOfEvent: boolean;
}

type Found = { readonly basis: Basis } | { readonly basis: null; readonly why: FlowHintReason };

export async function reconcileFlow(
  request: FlowRequest,
  deps: SharedFlowDeps,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  const { metrics, now } = deps;
  const startedAt = now();
  try {
    return await settle(request, deps, signal);
  } catch (error) {
    metrics.reconciliationErrors.inc({ error_type: codeOf(error) ?? 'INTERNAL' });
    throw error;
  } finally {
    metrics.reconciliationSeconds.observe(Math.max(0, now() - startedAt) / 1_000);
  }
}

async function settle(request: FlowRequest, deps: SharedFlowDeps, signal: AbortSignal): Promise<FlowReplyData> {
  const { flow, data } = request;
  const { metrics, news, now } = deps;
  const startedAt = now();
  const carry = readFlowCarry(data.carry, startedAt);
  // A Job that ends or goes may have made room.
  const heldUntil = data.change.kind === 'Job' ? 0 : carry.createAgainAt;
  let found = basisOf(request, deps);
  let conflict: unknown;
  let done = nothingDone;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    if (found.basis === null) {
      metrics.hints.inc({ reason: found.why });
      found = { basis: await read(request, deps, signal) };
    }
    const { basis } = found;
    const decided = await decideFlow(withKnown(basis.snapshot, done, heldUntil), startedAt + READ_FOR_MS, deps, signal);
    const { snapshot, why } = decided;
    done = { ...done, ...(snapshot.facts !== undefined && { facts: snapshot.facts }) };
    if (why !== null) {
      found = { basis: null, why };
      continue;
    }
    const decision = withOutbox(decided.decision, snapshot, carry.told, deps.announcer, now());
    const outcome = await settleFlow(decision, snapshot, basis.deadline, deps, signal);
    const { record } = outcome;
    if (record !== null) {
      countFlow(snapshot, decision, metrics);
      done = { ...done, changes: [...done.changes, ...decision.changes] };
    }
    if (snapshot.flow !== null && decision.phase !== null && (record !== null || outcome.kind === 'settled')) {
      news.tell(snapshot.flow, decision, done.phase);
      done = { ...done, phase: decision.phase };
    }
    if (outcome.kind === 'stale') {
      conflict = outcome.error;
      found = { basis: null, why: 'conflict' };
      continue;
    }
    countHop(request, decision, deps);
    done = withSettled(done, decision, outcome);
    const next = { ...snapshot, record: record ?? snapshot.record };
    // A record that was just made is filled at once.
    if (decision.createsRecord) {
      found = { basis: { ...basis, snapshot: next } };
      continue;
    }
    // A refused Job ends its attempt. Those that were made are not among the Jobs that were read.
    if (outcome.refused.length > 0) {
      found = { basis: { ...basis, snapshot: { ...next, basis: 'watch' } } };
      continue;
    }
    const settled = { ...basis, decision, at: decided.at, snapshot: next, decidedOn: snapshot, done };
    const reply = await finishFlow(settled, { ...carry, createAgainAt: heldUntil }, deps, signal);
    const problem = done.failure ?? done.overQuota;
    // People see why. The sender backs off and tries again, but not for a quota.
    if (problem !== undefined && snapshot.flow !== null) news.tellFailure(snapshot.flow, problem);
    if (done.failure !== undefined) throw done.failure;
    return reply;
  }
  throw (
    conflict ??
    new ZenLeadError('KUBE_CONFLICT', `flow ${flow.namespace}/${flow.name} does not come to rest`, { retry: 'later' })
  );
}

/** A Job that an earlier pass could not make may be made by now. */
function withSettled(done: Done, { starts }: Decision, outcome: FlowOutcome & { readonly kind: 'settled' }): Done {
  const started = new Set(starts.map(({ step }) => step));
  const left = [...done.unmade].filter((step) => !started.has(step));
  const before = left.length === 0 ? nothingDone : done;
  return {
    ...done,
    refused: [...done.refused, ...outcome.refused],
    unmade: new Set([...left, ...outcome.unmade]),
    failure: outcome.failure ?? before.failure,
    overQuota: outcome.overQuota ?? before.overQuota,
  };
}

/** What was read of Jobs that have ended stays so. The group and its Lease do not. */
function withKnown(snapshot: FlowSnapshot, { facts, refused }: Done, heldUntil: number): FlowSnapshot {
  return {
    ...snapshot,
    ...(facts !== undefined && { facts: { ...facts, group: null } }),
    ...(refused.length > 0 && { refused }),
    ...(heldUntil > 0 && { createAgainAt: heldUntil }),
  };
}

/** What a step waits for is the end of a Job. What else leads to a start takes its own time. */
function countHop(
  { data, observedAt }: FlowRequest,
  { starts }: Pick<Decision, 'starts'>,
  { metrics, now }: FlowDeps,
): void {
  if (observedAt === undefined || data.change.kind !== 'Job' || starts.length === 0) return;
  metrics.hopSeconds.observe(Math.max(0, now() - observedAt) / 1_000);
}

function basisOf({ data: { snapshot, deadline }, whyHint }: FlowRequest, deps: FlowDeps): Found {
  const { now, isFresh: rule = isFresh } = deps;
  if (snapshot === undefined) return { basis: null, why: whyHint ?? 'noSnapshot' };
  const isFenced = snapshot.record !== null;
  if (now() >= deadline - (isFenced ? 0 : SNAPSHOT_LIFETIME_MS - UNFENCED_FOR_MS)) return { basis: null, why: 'late' };
  if (!rule(snapshot)) return { basis: null, why: 'old' };
  return { basis: { snapshot, deadline, isOfEvent: true } };
}

async function read({ flow, data }: FlowRequest, deps: FlowDeps, signal: AbortSignal): Promise<Basis> {
  const { api, now, manySteps = MANY_STEPS } = deps;
  const startedAt = now();
  const snapshot = await readFlow(api, flow, signal, { change: data.change, manySteps });
  const answeredAt = now();
  const deadline = Math.min(writableUntil(startedAt, answeredAt), answeredAt + READ_LIFETIME_LIMIT_MS);
  return { snapshot, deadline, isOfEvent: false };
}
