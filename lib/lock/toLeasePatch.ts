/**
 * toLeasePatch: says what a decision changes in the Lease, as the body of a JSON merge patch or of
 * a create.
 *
 * Pure. Does not set name, uid and resourceVersion: the writer adds them, so that every write is a
 * compare-and-swap.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 * (MicroTime: exactly six digits); RFC 7386.
 */

import { lockAnnotation, lockLabel } from './lockNames.ts';
import type { Grant, LockState, Waiter } from './lockState.ts';

export interface LeasePatch {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string | null>>;
  };
  readonly spec: Readonly<Record<string, string | number | null>>;
}

type Next = Pick<LockState, 'token' | 'grant' | 'queue'>;

/** Null where `next` is what `state` is. */
export function toLeasePatch(state: LockState, next: Next): LeasePatch | null {
  if (state.exists && isSame(state, next)) return null;
  if (!state.exists && next.grant === null && next.queue.length === 0) return null;
  const { grant } = next;
  return {
    metadata: {
      labels: { [lockLabel]: 'true' },
      annotations: {
        [lockAnnotation.fencingToken]: String(next.token),
        [lockAnnotation.grantId]: grant?.id || null,
        [lockAnnotation.lockDelay]: grant === null || grant.lockDelayMs === 0 ? null : toSeconds(grant.lockDelayMs),
        [lockAnnotation.queue]: next.queue.length === 0 ? null : formatQueue(next.queue),
      },
    },
    spec: {
      holderIdentity: grant?.holder ?? null,
      // A free Lease keeps its times, which say when the lock was last held.
      ...(grant !== null && {
        leaseDurationSeconds: Number(toSeconds(grant.ttlMs)),
        acquireTime: toMicroTime(grant.acquiredAt),
        renewTime: toMicroTime(grant.renewedAt),
      }),
    },
  };
}

function isSame(state: LockState, { token, grant, queue }: Next): boolean {
  return state.token === token && isSameGrant(state.grant, grant) && formatQueue(state.queue) === formatQueue(queue);
}

function isSameGrant(a: Grant | null, b: Grant | null): boolean {
  if (a === null || b === null) return a === b;
  return a.id === b.id && a.token === b.token && a.renewedAt === b.renewedAt;
}

/** Beside `id`, `holder` and `expiresAt` what the grant will be: any replica may hand over. */
function formatQueue(queue: readonly Waiter[]): string {
  return JSON.stringify(
    queue.map(({ id, holder, expiresAt, ttlMs, lockDelayMs }) => ({
      id,
      holder,
      expiresAt,
      ttlSeconds: Number(toSeconds(ttlMs)),
      ...(lockDelayMs > 0 && { lockDelaySeconds: Number(toSeconds(lockDelayMs)) }),
    })),
  );
}

function toSeconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}

function toMicroTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}
