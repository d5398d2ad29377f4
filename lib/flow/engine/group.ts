/**
 * Decides whether a flow of a group may run. The group's Lease says which of them does.
 *
 * Guarantees: pure. The Lease is written before the record says that the flow runs, with the
 * version that was read. A flow that had ended asks again, in a decision of its own: another one
 * may have read meanwhile that it has ended.
 */

import type { GroupHolder, GroupView } from '../state/facts.ts';
import { groupLeaseName } from '../state/names.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { Knowledge } from './prepareStep.ts';
import type { Progress } from './progress.ts';

/**
 * A bridge that sees the end of the holder wakes the flow that has waited longest. The others ask,
 * and a thousand of them would ask all the time: so the longer one has waited, the longer it waits
 * until it asks again. A tenth more is no longer than it is used to.
 */
const SHORTEST_POLL_MS = 3_000;
const LONGEST_POLL_MS = 60_000;
const POLL_SHARE = 0.1;

export interface GroupDecision {
  /** Nothing of the flow starts. */
  readonly isWaiting: boolean;
  /** The Lease becomes ours. Null: it is, or stays another's. */
  readonly acquires: GroupView['lease'] | 'new' | null;
  /** Has to end first. */
  readonly replaces: GroupHolder | null;
  readonly nextAt: number | null;
}

const free: GroupDecision = { isWaiting: false, acquires: null, replaces: null, nextAt: null };

export function settleGroup(
  progress: Progress,
  flow: FlowView,
  { facts, reads }: Knowledge,
  now: number,
): GroupDecision {
  const { concurrencyKey, concurrencyPolicy } = progress.spec.policy;
  const { endedAt, suspendedAt, stop } = progress.record();
  if (!needsGroup(progress) || concurrencyKey === null || endedAt !== null || suspendedAt !== null) return free;
  // Of a flow that was stopped only `finally` is left, which takes the turn of no other flow.
  if (stop !== null && progress.spec.finally.length === 0) return free;
  const waiting = { ...free, isWaiting: true };
  if (facts.group === null) {
    reads.push({ kind: 'group', lease: groupLeaseName(concurrencyKey) });
    return waiting;
  }
  const { lease, holder, tookMs } = facts.group;
  if (holder === null) {
    progress.changeFlow({ groupAt: now, ...(tookMs !== undefined && { expectedMs: tookMs }) });
    return { ...free, acquires: lease ?? 'new' };
  }
  // Instants of creation are whole seconds. Of the same one, the holder was first.
  const isOlder = holder.createdAt <= flow.createdAt;
  const mayReplace = concurrencyPolicy === 'Replace' && stop === null;
  const replaces = mayReplace && isOlder && !holder.isShutDown ? holder : null;
  return { ...waiting, replaces, nextAt: now + pollMs(now - progress.record().startedAt) };
}

function pollMs(waitedMs: number): number {
  return Math.round(Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, waitedMs * POLL_SHARE)));
}

/** It is of a group, and does not run in it yet. */
export function needsGroup({ spec, record }: Progress): boolean {
  const { concurrencyKey, concurrencyPolicy } = spec.policy;
  return concurrencyKey !== null && concurrencyPolicy !== 'Allow' && record().groupAt === null;
}
