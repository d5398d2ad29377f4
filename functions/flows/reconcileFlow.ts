/**
 * reconcileFlow: one pass over one flow. It takes the snapshot or reads the state, decides, writes,
 * tells, and says when to look again.
 *
 *   snapshot in time and fresh, else read -> advance -> record, Jobs, deletions -> Events -> status
 *
 * Guarantees: no state is kept between two passes. After a conflict the state is read and decided
 * on again, and nothing is resent.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import { advance, type Decision } from '../../lib/flow/engine/advance.ts';
import { isFresh } from '../../lib/flow/engine/isFresh.ts';
import type { FlowEventData, FlowRef, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { readFlow } from './readFlow.ts';
import { settleFlow } from './settleFlow.ts';
import { tellFailure, tellFlow } from './tellFlow.ts';
import { writeStatus } from './writeStatus.ts';

export interface FlowDeps {
  readonly api: KubeApi;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Another rule for snapshots than our own. */
  readonly isFresh?: (snapshot: FlowSnapshot) => boolean;
}

/** What is read may be written for so long: see docs/reference/events.md#hints. */
const READ_LIFETIME_MS = 2_000;
/** Of a flow that others write to all the time. The sender tries again then. */
const MAX_PASSES = 6;

interface Basis {
  readonly snapshot: FlowSnapshot;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly isOfEvent: boolean;
}

export async function reconcileFlow(
  flow: FlowRef,
  data: FlowEventData,
  deps: FlowDeps,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  const lastStatusAt = Number(data.carry ?? 0);
  let basis = basisOf(data, deps);
  let failure: unknown;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    basis ??= await read(flow, deps, signal);
    const { snapshot, deadline } = basis;
    const decision = advance(snapshot, deps.now());
    if (decision.needsRead && snapshot.basis === 'watch') {
      basis = null;
      continue;
    }
    const outcome = await settleFlow(decision, snapshot, deadline, deps, signal);
    if (outcome.kind === 'stale') {
      failure = outcome.error;
      basis = null;
      continue;
    }
    if (snapshot.flow !== null && decision.kind !== 'refused') await tellFlow(snapshot.flow, decision, deps, signal);
    const next = { ...snapshot, record: outcome.record ?? snapshot.record };
    // A record that was just made is filled at once, and a refused Job ends its attempt.
    if (decision.createsRecord || outcome.refused.length > 0) {
      basis = { ...basis, snapshot: { ...next, refused: outcome.refused } };
      continue;
    }
    const reply = await finish(decision, { ...basis, snapshot: next }, lastStatusAt, deps, signal);
    if (outcome.failure === undefined) return reply;
    // The sender backs off and tries again, and people see why.
    if (snapshot.flow !== null) await tellFailure(snapshot.flow, outcome.failure, deps, signal);
    throw outcome.failure;
  }
  throw (
    failure ??
    new ZenLeadError('KUBE_CONFLICT', `flow ${flow.namespace}/${flow.name} does not come to rest`, { retry: 'later' })
  );
}

/** Null where the event is a hint. */
function basisOf({ snapshot, deadline }: FlowEventData, deps: FlowDeps): Basis | null {
  const { now, isFresh: rule = isFresh } = deps;
  if (snapshot === undefined || now() >= deadline || !rule(snapshot)) return null;
  return { snapshot, deadline, isOfEvent: true };
}

async function read(flow: FlowRef, { api, now }: FlowDeps, signal: AbortSignal): Promise<Basis> {
  const deadline = now() + READ_LIFETIME_MS;
  return { snapshot: await readFlow(api, flow, signal), deadline, isOfEvent: false };
}

async function finish(
  decision: Decision,
  { snapshot, isOfEvent }: Basis,
  lastStatusAt: number,
  deps: FlowDeps,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  const { kind, phase, reason, changes, nextReconcileAt } = decision;
  const { flow } = snapshot;
  const isKept = flow !== null && !flow.terminating && !decision.deletesFlow;
  const status = isKept
    ? await writeStatus(flow, decision, recordOf(snapshot), lastStatusAt, deps, signal)
    : { writtenAt: 0, dueAt: null };
  const instants = [nextReconcileAt, status.dueAt].filter((instant) => instant !== null);
  return {
    decision: kind,
    phase,
    reason,
    changes,
    basis: isOfEvent ? 'event' : 'read',
    ...(!isOfEvent && { snapshot }),
    ...(instants.length > 0 && { recheckAfterMs: Math.max(0, Math.min(...instants) - deps.now()) }),
    ...(status.writtenAt > 0 && { carry: String(status.writtenAt) }),
  };
}

function recordOf({ record }: FlowSnapshot): FlowRecord | null {
  const found = record?.record ?? null;
  return found === 'unreadable' ? null : found;
}
