/**
 * PageStore: serves LISTs, whole or in pages of one revision. Later pages of a LIST expire when
 * etcd is compacted (410).
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { ListPage, ListQuery } from '../../lib/kube/kubeApi.ts';
import type { Etcd } from './etcd.ts';
import type { KubeObject } from './kubeObject.ts';
import { type Selection, toItem } from './selection.ts';

export interface PageStore {
  /** Throws KUBE_GONE, KUBE_VERSION_TOO_LARGE. */
  read(selection: Selection, query: ListQuery): ListPage;
  expire(): void;
}

/** `maxPageSize` is small, so that a handful of pods takes more than one page. */
export function createPageStore(etcd: Etcd, maxPageSize: number): PageStore {
  const pending = new Map<string, ListPage>();
  let tokens = 0;

  function cut(page: ListPage, limit: number): ListPage {
    if (page.items.length <= limit) return page;
    tokens += 1;
    const token = `page-${tokens}`;
    pending.set(token, { ...page, items: page.items.slice(limit) });
    const items = page.items.slice(0, limit);
    return { ...page, items, continue: token, remaining: page.items.length - items.length };
  }

  return {
    read(selection, { limit, continue: token, resourceVersion, resourceVersionMatch }) {
      const pageSize = limit === undefined ? Number.POSITIVE_INFINITY : Math.min(limit, maxPageSize);
      if (token !== undefined) {
        const rest = pending.get(token);
        if (rest === undefined) throw new ZenLeadError('KUBE_GONE', 'the continue token expired', { retry: 'now' });
        return cut(rest, pageSize);
      }
      if (resourceVersion !== undefined && Number(resourceVersion) > etcd.revision())
        throw new ZenLeadError('KUBE_VERSION_TOO_LARGE', `${resourceVersion} is in the future`, { retry: 'now' });
      const at = resourceVersionMatch === 'Exact' ? Number(resourceVersion) : etcd.revision();
      const all = at === etcd.revision() ? etcd.list(selection.plural) : listAt(etcd, selection.plural, at);
      const items = all.filter(selection.matches);
      const page = { resourceVersion: String(at), items: items.map((item) => toItem(item, selection)) };
      return cut(page, pageSize);
    },
    expire: () => pending.clear(),
  };
}

/** As it was at that revision: what came after it, taken back. */
function listAt(etcd: Etcd, plural: string, revision: number): readonly KubeObject[] {
  const later = etcd.changesAfter(revision);
  if (later === null) throw new ZenLeadError('KUBE_GONE', `${revision} has been compacted`, { retry: 'now' });
  const objects = new Map(etcd.list(plural).map((object) => [object.metadata.name, object]));
  for (const { object, previous, ...change } of later.toReversed()) {
    if (change.plural !== plural) continue;
    if (previous === null) objects.delete(object.metadata.name);
    else objects.set(object.metadata.name, previous);
  }
  return [...objects.values()];
}
