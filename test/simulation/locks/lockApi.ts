/**
 * LockApi: keeps the Leases of a simulated API server, and delivers their changes to each replica
 * later. It does what kube-apiserver does with Leases: compare-and-swap, and one order of versions.
 */

import { ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { type LockView, parseLock } from '../../../lib/lock/parseLock.ts';
import type { VirtualClock } from '../../support/simulated/virtualClock.ts';
import type { Random } from '../random.ts';

export interface StoredWrite {
  readonly before: LockView | null;
  readonly after: LockView;
  /** The clock of the replica that wrote. */
  readonly now: number;
}

interface LockApiOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** Takes the compare-and-swap away. */
  readonly isUnchecked?: boolean;
  onWrite(write: StoredWrite): void;
}

interface Lease {
  metadata: Record<string, unknown> & { uid: string; resourceVersion: string };
  spec: Record<string, unknown>;
}

export interface LockApi {
  /** The calls of one replica, by its own clock. */
  connect(now: () => number): Pick<KubeApi, 'get' | 'create' | 'mergePatch'>;
  /** What the watch delivers from now on. `lateMs` at most. */
  watch(lateMs: number, onChange: (view: LockView | null, uid: string) => void): () => void;
  current(): LockView | null;
  deleteByHand(): void;
  /** Every call fails until then. */
  setDown(isDown: boolean): void;
}

export function createLockApi({ clock, random, isUnchecked, onWrite }: LockApiOptions): LockApi {
  const watchers = new Set<(view: LockView | null, uid: string) => void>();
  let stored: Lease | null = null;
  let version = 1_000;
  let uids = 0;
  let isDown = false;

  const view = (): LockView | null => (stored === null ? null : parseLock(stored));
  const later = (maxMs: number): Promise<void> =>
    new Promise((resolve) => clock.setTimer(() => resolve(), random.between(1, maxMs)));
  const tell = (seen: LockView | null, uid: string): void => {
    for (const watcher of watchers) watcher(seen, uid);
  };

  /** A request on its way, what the server does, and the answer on its way. */
  async function call<T>(signal: AbortSignal, act: () => T): Promise<T> {
    await later(20);
    if (isDown) throw new ZenLeadError('KUBE_UNAVAILABLE', 'down', { retry: 'later' });
    const result = act();
    await later(20);
    if (signal.aborted) throw new ZenLeadError('ABORTED', 'the replica has gone', { retry: 'never' });
    // The answer to a write that happened may be lost.
    if (random.chance(0.01)) throw new ZenLeadError('KUBE_TIMEOUT', 'the answer is lost', { retry: 'later' });
    return result;
  }

  function store(next: Lease, now: number): Lease {
    const before = view();
    version += 1;
    stored = { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } };
    const after = parseLock(stored);
    onWrite({ before, after, now });
    tell(after, after.uid);
    return stored;
  }

  return {
    connect: (now) => ({
      get: (_resource, _namespace, _name, signal) =>
        call(signal, () => {
          if (stored === null) throw new ZenLeadError('KUBE_NOT_FOUND', 'no Lease', { retry: 'now' });
          return stored;
        }),
      create: (_resource, _namespace, object, signal) =>
        call(signal, () => {
          if (stored !== null && !isUnchecked)
            throw new ZenLeadError('KUBE_ALREADY_EXISTS', 'there is one', { retry: 'now' });
          uids += 1;
          const given = object as Lease;
          return store({ ...given, metadata: { ...given.metadata, uid: `uid-${uids}` } }, now());
        }),
      mergePatch: (_resource, _namespace, _name, patch, signal) =>
        call(signal, () => {
          if (stored === null) throw new ZenLeadError('KUBE_NOT_FOUND', 'no Lease', { retry: 'now' });
          const { metadata } = patch as Lease;
          const isSame =
            metadata.uid === stored.metadata.uid && metadata.resourceVersion === stored.metadata.resourceVersion;
          if (!isSame && !isUnchecked) throw new ZenLeadError('KUBE_CONFLICT', 'changed', { retry: 'now' });
          return store(
            merge(stored, { ...patch, metadata: { ...metadata, uid: stored.metadata.uid } }) as Lease,
            now(),
          );
        }),
    }),
    watch(lateMs, onChange) {
      // In order, as a watch is: none comes before the one before it.
      let lastAt = 0;
      const watcher = (seen: LockView | null, uid: string): void => {
        lastAt = Math.max(lastAt, clock.monotonic() + random.between(1, lateMs));
        clock.setTimer(() => {
          if (watchers.has(watcher)) onChange(seen, uid);
        }, lastAt - clock.monotonic());
      };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    current: view,
    deleteByHand() {
      const { uid } = stored?.metadata ?? {};
      stored = null;
      version += 1;
      if (uid !== undefined) tell(null, uid);
    },
    setDown(value) {
      isDown = value;
    },
  };
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
}
