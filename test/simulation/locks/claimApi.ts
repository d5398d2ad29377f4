/**
 * ClaimApi: keeps the ManualLocks of a simulated API server, and delivers their changes to each
 * replica later. It does what kube-apiserver does with them: a status is written on the version
 * that it names, and a delete is final.
 */

import { ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi, ListPage } from '../../../lib/kube/kubeApi.ts';
import type { ClaimView } from '../../../lib/lock/claims/claim.ts';
import { parseClaim } from '../../../lib/lock/claims/parseClaim.ts';
import { merge, type ServerCalls } from './serverCalls.ts';

interface Stored {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: object;
  readonly status?: object;
}

interface ClaimChange {
  readonly view: ClaimView;
  readonly isGone: boolean;
}

export interface ClaimApi {
  /** The calls of one replica. `list`: what it gives instead of what is stored. */
  connect(list?: () => readonly unknown[]): Pick<KubeApi, 'list' | 'mergePatch'>;
  watch(lateMs: number, onChange: (change: ClaimChange) => void): () => void;
  create(name: string, spec: object, now: number): ClaimView;
  delete(name: string): void;
  /** Objects, as a LIST would give them now. */
  stored(): readonly unknown[];
  read(name: string): ClaimView | null;
}

export function createClaimApi(
  { call, watch }: ServerCalls,
  onStatus: (before: ClaimView, after: ClaimView) => void,
): ClaimApi {
  const objects = new Map<string, Stored>();
  const watchers = new Set<(change: ClaimChange) => void>();
  let version = 5_000;

  function store(object: Stored): ClaimView {
    version += 1;
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    objects.set(next.metadata.name, next);
    const view = parseClaim(next);
    for (const watcher of watchers) watcher({ view, isGone: false });
    return view;
  }

  const stored = (): readonly unknown[] => [...objects.values()];
  return {
    connect: (list = stored) => ({
      list: (_resource, _namespace, _query, signal): Promise<ListPage> =>
        call(signal, () => ({ items: list(), resourceVersion: String(version) }) as ListPage),
      mergePatch: (_resource, _namespace, name, patch, signal) =>
        call(signal, () => {
          const object = objects.get(name);
          if (object === undefined) throw new ZenLeadError('KUBE_NOT_FOUND', 'no claim', { retry: 'now' });
          const { metadata, status } = patch as Stored;
          const { uid, resourceVersion } = object.metadata;
          if (metadata.uid !== uid || metadata.resourceVersion !== resourceVersion)
            throw new ZenLeadError('KUBE_CONFLICT', 'changed', { retry: 'now' });
          const before = parseClaim(object);
          onStatus(before, store({ ...object, status: merge(object.status, status) as object }));
          return object;
        }),
    }),
    watch(lateMs, onChange) {
      const { tell, stop } = watch(lateMs, onChange);
      watchers.add(tell);
      return () => {
        watchers.delete(tell);
        stop();
      };
    },
    create(name, spec, now) {
      const creationTimestamp = new Date(Math.floor(now / 1_000) * 1_000).toISOString();
      const metadata = { namespace: 'shop', name, uid: `uid-of-${name}`, resourceVersion: '', creationTimestamp };
      return store({ metadata, spec });
    },
    delete(name) {
      const object = objects.get(name);
      if (object === undefined) return;
      objects.delete(name);
      version += 1;
      for (const watcher of watchers) watcher({ view: parseClaim(object), isGone: true });
    },
    stored,
    read: (name) => {
      const object = objects.get(name);
      return object === undefined ? null : parseClaim(object);
    },
  };
}
