/**
 * settle: carries out one decision, steps 3 and 4 of reconcile.ts.
 *
 * Guarantees: a write of the route comes before anything else, and alone where it changes anything.
 * An announcement comes only where the route stands, and before the leader Service that records it
 * is removed. After `stale`, the state decided on is no longer the state now. What was written
 * stands, and needs no undoing.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import { type Decision, endReasons } from '../../lib/selection/decision.ts';
import type { DemotionOrder } from '../../lib/selection/demotion.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Tracing } from '../../lib/telemetry/tracing.ts';
import type { Announcer, Told } from '../announce/announce.ts';
import type { Scaler } from '../scaleDown/scaler.ts';
import { isRouteWrong } from './damping.ts';
import type { Demoter } from './demote.ts';

/** What is decided on, and until when it may be written. */
export interface Basis {
  readonly snapshot: Snapshot;
  /** Epoch milliseconds. */
  readonly deadline: number;
  /** Read by ourselves, not out of the event. */
  readonly isRead: boolean;
}

export interface SettleDeps {
  readonly api: KubeApi;
  readonly announcer: Announcer;
  readonly metrics: Metrics;
  readonly demoter: Demoter;
  readonly scaler: Scaler;
  readonly now: () => number;
  readonly tracing?: Tracing | undefined;
}

export interface Settling {
  readonly basis: Basis;
  readonly decision: Decision;
  /** What `toPatch` makes of the decision. */
  readonly writes: readonly Write[];
  readonly decidedAt: number;
  readonly type: string;
  readonly carry: string | undefined;
  /** False where this was announced a moment ago, or the route does not stand. */
  readonly isAnnounceable: boolean;
}

interface Settled {
  readonly kind: 'settled';
  readonly writes: readonly Write[];
  /**
   * What the API server answered to each: the object as it is now, undefined where one was
   * deleted.
   */
  readonly objects: readonly unknown[];
  /** An announcement was made and recorded. */
  readonly hasRecorded: boolean;
  /** Something is still to be told: reconcile again soon. */
  readonly owes: boolean;
  readonly carry: string | undefined;
}

export type Outcome = Settled | { readonly kind: 'stale'; readonly error: unknown; readonly writes: readonly Write[] };

export async function settle(settling: Settling, deps: SettleDeps, signal: AbortSignal): Promise<Outcome> {
  const { basis, writes, carry } = settling;
  const route = writes.filter(isOfRoute);
  if (route.length === 0) return announceAndFollow(settling, deps, signal);
  const routed = await applyAll(route, settling, deps, signal, { owes: false, hasRecorded: false, carry });
  if (routed.kind === 'stale' || hasChanged(routed) || isRouteWrong(route, basis.snapshot)) return routed;
  // What undoes these writes does it before they are stored, so no watch brings the next reconcile.
  const rest = writes.filter((write) => !isOfRoute(write));
  const followed = await announceAndFollow({ ...settling, writes: rest }, deps, signal);
  if (followed.kind === 'stale') return { ...followed, writes: [...routed.writes, ...followed.writes] };
  const objects = [...routed.objects, ...followed.objects];
  return { ...followed, writes: [...routed.writes, ...followed.writes], objects };
}

/** `writes`: none of the route. */
async function announceAndFollow(settling: Settling, deps: SettleDeps, signal: AbortSignal): Promise<Outcome> {
  const { basis, decision, writes } = settling;
  const told = await deps.announcer.announce({ ...settling, snapshot: basis.snapshot }, signal);
  // Its record changed an object that the other writes were decided on; or it has to be told before
  // the Service goes.
  const waits = told.hasRecorded || (told.owes && endReasons.has(decision.reason));
  if (waits || writes.length === 0) {
    const owes = told.owes || writes.length > 0;
    return { kind: 'settled', writes: [], objects: [], hasRecorded: told.hasRecorded, owes, carry: told.carry };
  }
  return applyAll(writes, settling, deps, signal, told);
}

function isOfRoute({ stage }: Write): boolean {
  return stage === 'route';
}

/** A patch that changes nothing leaves the resourceVersion as it is. */
function hasChanged({ writes, objects }: Settled): boolean {
  return writes.some((write, at) => {
    if (write.kind !== 'patch') return true;
    return resourceVersionOf(objects[at]) !== write.resourceVersion;
  });
}

function resourceVersionOf(object: unknown): unknown {
  return (object as { readonly metadata?: { readonly resourceVersion?: unknown } } | undefined)?.metadata
    ?.resourceVersion;
}

/**
 * Carries the writes out, then what the writer of one of them has to do: the route stands by then,
 * also where a later write met a conflict.
 */
async function applyAll(
  writes: readonly Write[],
  settling: Settling,
  deps: SettleDeps,
  signal: AbortSignal,
  told: Told,
): Promise<Outcome> {
  const orders: { readonly order: DemotionOrder; readonly object: unknown }[] = [];
  const note = (write: Write, object: unknown): void => {
    if (write.kind === 'patch' && write.demotes !== undefined) orders.push({ order: write.demotes, object });
  };
  try {
    return await applyInOrder(writes, settling, deps, signal, told, note);
  } finally {
    for (const { order, object } of orders) await deps.demoter.carryOut(settling.basis.snapshot, order, object, signal);
  }
}

async function applyInOrder(
  writes: readonly Write[],
  { basis }: Settling,
  deps: SettleDeps,
  signal: AbortSignal,
  told: Told,
  onWritten: (write: Write, object: unknown) => void,
): Promise<Outcome> {
  const done: Write[] = [];
  const objects: unknown[] = [];
  for (const write of writes) {
    // S4, right before the write: what was in time when it was decided may have waited since.
    if (deps.now() >= basis.deadline) return { kind: 'stale', error: expired(write), writes: done };
    try {
      const object = await applyWrite(deps.api, write, signal);
      objects.push(object);
      done.push(write);
      onWritten(write, object);
    } catch (error) {
      // Everything there goes, the Service included: what cannot be made any more need not be.
      if (codeOf(error) === 'KUBE_NAMESPACE_TERMINATING') return { kind: 'settled', writes: done, objects, ...told };
      if (isStale(error)) return { kind: 'stale', error, writes: done };
      if (codeOf(error) !== 'ABORTED') countRefusal(write, basis.snapshot, deps.metrics);
      await deps.announcer.tellRefused(basis.snapshot, error, signal);
      throw error;
    }
  }
  await deps.announcer.tellRemoved(basis.snapshot, writes, signal);
  return { kind: 'settled', writes, objects, ...told };
}

/**
 * Another client wrote in between (409), or an object came or went. Read again, never resend (S3).
 */
function isStale(error: unknown): boolean {
  return error instanceof ZenLeadError && error.retry === 'now';
}

function expired({ kind, namespace, name }: Write): ZenLeadError {
  const message = `${kind} ${namespace}/${name}: the state decided on grew too old before it was written`;
  return new ZenLeadError('KUBE_TIMEOUT', message, { retry: 'later' });
}

function countRefusal(write: Write, { namespace, name: service }: Snapshot, metrics: Metrics): void {
  if ('resource' in write && write.resource === 'endpointslices')
    metrics.endpointWriteErrors.inc({ namespace, service });
}
