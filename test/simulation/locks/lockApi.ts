/**
 * LockApi: keeps the Leases of a simulated API server, and delivers their changes to each replica
 * later. It does what kube-apiserver does with Leases: compare-and-swap, and one order of versions.
 */

import { ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { type LockView, parseLock } from '../../../lib/lock/parseLock.ts';
import { merge, type ServerCalls } from './serverCalls.ts';

export interface StoredWrite {
  readonly before: LockView | null;
  readonly after: LockView;
  /** The clock of the replica that wrote. */
  readonly now: number;
}

interface LockApiOptions {
  readonly calls: ServerCalls;
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
}

export function createLockApi({ calls, isUnchecked, onWrite }: LockApiOptions): LockApi {
  const { call } = calls;
  const watchers = new Set<(view: LockView | null, uid: string) => void>();
  let stored: Lease | null = null;
  let version = 1_000;
  let uids = 0;

  const view = (): LockView | null => (stored === null ? null : parseLock(stored));
  const tell = (seen: LockView | null, uid: string): void => {
    for (const watcher of watchers) watcher(seen, uid);
  };

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
      const { tell: deliver, stop } = calls.watch<readonly [LockView | null, string]>(lateMs, ([seen, uid]) =>
        onChange(seen, uid),
      );
      const watcher = (seen: LockView | null, uid: string): void => deliver([seen, uid]);
      watchers.add(watcher);
      return () => {
        watchers.delete(watcher);
        stop();
      };
    },
    current: view,
    deleteByHand() {
      const { uid } = stored?.metadata ?? {};
      stored = null;
      version += 1;
      if (uid !== undefined) tell(null, uid);
    },
  };
}
