/**
 * lockKind: watches the Leases of locks, for a book.
 *
 * Every version counts, also one that changes nothing to people: the next write names it.
 */

import type { ReflectorStore } from '../../bridge/watch/reflectorStore.ts';
import { type WatchedKind, watchedKind } from '../../bridge/watch/watchedKind.ts';
import { leases } from '../../lib/kube/kubeApi.ts';
import { lockLabel } from '../../lib/lock/lockNames.ts';
import { type LockView, parseLock } from '../../lib/lock/parseLock.ts';
import type { LockBook } from './lockBook.ts';

export function lockKind(book: Pick<LockBook, 'observe'>): WatchedKind<never> {
  return watchedKind<LockView, never>({
    kind: 'locks',
    resource: leases,
    labelSelector: `${lockLabel}=true`,
    project: parseLock,
    open: () => createLockStore(book),
  });
}

function createLockStore(book: Pick<LockBook, 'observe'>): ReflectorStore<LockView> {
  const views = new Map<string, LockView>();
  const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
  function put(view: LockView): void {
    views.set(keyOf(view), view);
    book.observe(view, undefined);
  }
  function remove(view: LockView): void {
    views.delete(keyOf(view));
    book.observe(null, view);
  }
  return {
    add: put,
    update: put,
    delete(identity) {
      const view = views.get(keyOf(identity));
      if (view?.uid === identity.uid) remove(view);
    },
    replace(objects, unreadable) {
      const present = new Set([...unreadable, ...objects.map(({ uid }) => uid)]);
      const differences = { added: 0, modified: 0, deleted: 0 };
      for (const view of [...views.values()]) {
        if (present.has(view.uid)) continue;
        remove(view);
        differences.deleted += 1;
      }
      for (const view of objects) {
        const known = views.get(keyOf(view));
        if (known === undefined) differences.added += 1;
        else if (known.resourceVersion !== view.resourceVersion) differences.modified += 1;
        put(view);
      }
      return differences;
    },
  };
}
