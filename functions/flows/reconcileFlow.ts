/**
 * reconcileFlow: one pass over one flow. It takes the snapshot or reads the state, decides, writes,
 * tells, and says when to look again.
 *
 *   snapshot in time and fresh, else read -> advance -> record, Jobs, deletions -> status
 *                                                    -> Events, for which nothing waits
 *   -> announcements, where nothing else was to do
 *
 * Guarantees: no state is kept between two passes. After a conflict the state is read and decided
 * on again, and nothing is resent.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import { advance, type Decision } from '../../lib/flow/engine/advance.ts';
import { isFresh } from '../../lib/flow/engine/isFresh.ts';
import type { FlowEventData, FlowRef, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { lacksTemplate } from '../../lib/flow/events/packSnapshot.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { announceOwed, withOutbox } from './announceOwed.ts';
import { countFlow } from './countFlow.ts';
import type { FlowAnnouncer } from './flowAnnouncer.ts';
import { type FlowCarry, readFlowCarry, writeFlowCarry } from './flowCarry.ts';
import type { NewsDesk } from './newsDesk.ts';
import { readFacts } from './readFacts.ts';
import { readFlow } from './readFlow.ts';
import { MANY_STEPS } from './readJobs.ts';
import { settleFlow } from './settleFlow.ts';
import type { ViewPace } from './viewPace.ts';
import { type StatusWritten, writeStatus } from './writeStatus.ts';

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

/** What is read may be written for so long: see docs/reference/events.md#hints. */
const READ_LIFETIME_MS = 2_000;
/** Of a flow that others write to all the time. The sender tries again then. */
const MAX_PASSES = 10;

interface Basis {
  readonly snapshot: FlowSnapshot;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly isOfEvent: boolean;
}

/** `snapshot` with the record as it is now. */
interface Settled extends Basis {
  /** What a recording has to hold. */
  readonly decidedOn: FlowSnapshot;
  /** The steps whose Jobs the API server did not take for now. */
  readonly unmade: ReadonlySet<string>;
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
  const { metrics } = deps;
  const carry = readFlowCarry(data.carry, deps.now());
  let found = basisOf(request, deps);
  let failure: unknown;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    if (found.basis === null) {
      metrics.hints.inc({ reason: found.why });
      found = { basis: await read(request, deps, signal) };
    }
    const { basis } = found;
    const { snapshot, deadline } = basis;
    const decided = timed(metrics.dagSeconds, () => advance(snapshot, deps.now()));
    const decision = withOutbox(decided, snapshot, carry.told, deps.announcer, deps.now());
    const why = snapshot.basis === 'watch' ? whyRead(decision, snapshot) : null;
    if (why !== null) {
      found = { basis: null, why };
      continue;
    }
    if (decision.reads.length > 0 && snapshot.flow !== null) {
      const facts = await readFacts(deps.api, snapshot.flow, decision.reads, snapshot.facts, signal);
      found = { basis: { ...basis, snapshot: { ...snapshot, facts } } };
      continue;
    }
    const outcome = await settleFlow(decision, snapshot, deadline, deps, signal);
    if (outcome.kind === 'stale') {
      failure = outcome.error;
      found = { basis: null, why: 'conflict' };
      continue;
    }
    if (outcome.record !== null) countFlow(snapshot, decision, metrics);
    countHop(request, decision, deps);
    if (snapshot.flow !== null && decision.phase !== null) deps.news.tell(snapshot.flow, decision);
    const next = { ...snapshot, record: outcome.record ?? snapshot.record };
    // A record that was just made is filled at once, and a refused Job ends its attempt.
    if (decision.createsRecord || outcome.refused.length > 0) {
      found = { basis: { ...basis, snapshot: { ...next, refused: outcome.refused } } };
      continue;
    }
    const { unmade } = outcome;
    const settled = { ...basis, snapshot: next, decidedOn: snapshot, unmade };
    const reply = await finish(decision, settled, carry, deps, signal);
    if (outcome.failure === undefined) return reply;
    // The sender backs off and tries again, and people see why.
    if (snapshot.flow !== null) deps.news.tellFailure(snapshot.flow, outcome.failure);
    throw outcome.failure;
  }
  throw (
    failure ??
    new ZenLeadError('KUBE_CONFLICT', `flow ${flow.namespace}/${flow.name} does not come to rest`, { retry: 'later' })
  );
}

function whyRead({ needsRead, starts }: Decision, { flow }: FlowSnapshot): FlowHintReason | null {
  if (needsRead) return 'unseen';
  return lacksTemplate(flow?.spec, starts) ? 'template' : null;
}

/** What a step waits for is the end of a Job. What else leads to a start takes its own time. */
function countHop({ data, observedAt }: FlowRequest, { starts }: Decision, { metrics, now }: FlowDeps): void {
  if (observedAt === undefined || data.change.kind !== 'Job' || starts.length === 0) return;
  metrics.hopSeconds.observe(Math.max(0, now() - observedAt) / 1_000);
}

function timed<T>(histogram: FlowMetrics['dagSeconds'], run: () => T): T {
  const startedAt = performance.now();
  const result = run();
  histogram.observe((performance.now() - startedAt) / 1_000);
  return result;
}

function basisOf({ data: { snapshot, deadline }, whyHint }: FlowRequest, deps: FlowDeps): Found {
  const { now, isFresh: rule = isFresh } = deps;
  if (snapshot === undefined) return { basis: null, why: whyHint ?? 'noSnapshot' };
  if (now() >= deadline) return { basis: null, why: 'late' };
  if (!rule(snapshot)) return { basis: null, why: 'old' };
  return { basis: { snapshot, deadline, isOfEvent: true } };
}

async function read({ flow, data }: FlowRequest, deps: FlowDeps, signal: AbortSignal): Promise<Basis> {
  const { api, now, manySteps = MANY_STEPS } = deps;
  const deadline = now() + READ_LIFETIME_MS;
  const snapshot = await readFlow(api, flow, signal, { change: data.change, manySteps });
  return { snapshot, deadline, isOfEvent: false };
}

async function finish(
  decision: Decision,
  { snapshot, isOfEvent, deadline, decidedOn, unmade }: Settled,
  carry: FlowCarry,
  deps: SharedFlowDeps,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  const { kind, phase, reason, changes, nextReconcileAt } = decision;
  const { flow } = snapshot;
  const isKept = flow !== null && !flow.terminating && !decision.deletesFlow;
  const status = await view();
  const announcing = { snapshot, told: carry.told, hasWritten: isWriting(decision) };
  const announced = await announceOwed(announcing, deps.announcer, deps.now, signal);
  // Another pass notes it where the record has moved on meanwhile.
  if (announced.record !== null)
    await settleFlow({ ...decision, record: announced.record }, snapshot, deadline, deps, signal);
  const next = writeFlowCarry({ statusAt: status.writtenAt, told: announced.told });
  const instants = [nextReconcileAt, status.dueAt, announced.dueAt].filter((instant) => instant !== null);
  return {
    decision: kind,
    phase,
    reason,
    changes,
    basis: isOfEvent ? 'event' : 'read',
    ...(!isOfEvent && { snapshot: decidedOn }),
    ...(decidedOn.facts !== undefined && { facts: decidedOn.facts }),
    ...(instants.length > 0 && { recheckAfterMs: toRecheckDelay(Math.min(...instants) - deps.now()) }),
    ...(next !== undefined && { carry: next }),
  };

  async function view(): Promise<StatusWritten> {
    if (!isKept) return { writtenAt: 0, dueAt: null };
    const now = deps.now();
    // The next pass writes it by what it finds.
    if (now >= deadline) return { writtenAt: carry.statusAt, dueAt: now };
    return writeStatus(flow, decision, shownRecord(snapshot, unmade), carry.statusAt, deps, signal);
  }
}

function isWriting({ record, starts, deletes, holds, deletesFlow, createsRecord, group }: Decision): boolean {
  const isMore = [starts, deletes, holds].some(({ length }) => length > 0) || deletesFlow || createsRecord;
  return isMore || record !== null || group.acquires !== null || group.replaces !== null;
}

/** With what the record does not say: why a step that runs has no Job yet. */
function shownRecord({ record }: FlowSnapshot, unmade: ReadonlySet<string>): FlowRecord | null {
  const found = record?.record ?? null;
  if (found === 'unreadable' || found === null) return null;
  if (unmade.size === 0) return found;
  const steps = found.steps.map((step) => (unmade.has(step.name) ? { ...step, reason: 'Quota' as const } : step));
  return { ...found, steps };
}
