/**
 * watchStream: reads one watch request: each line is a change, a bookmark, or the error that the
 * server put into the stream.
 *
 * Guarantees: throws what kubeError.ts makes of an ERROR line (`KUBE_GONE` for 410, which the API
 * server sends inside a 200). Throws `WATCH_BROKEN` for a line that is none of the five kinds or
 * has no resourceVersion.
 * Does not guarantee that the objects can be read; the projection finds that out.
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { toKubeError } from '../../lib/kube/kubeError.ts';
import type { Collection } from '../../lib/kube/listAll.ts';

export type WatchEvent =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly resourceVersion: string; readonly object: unknown }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string };

const kinds = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted', BOOKMARK: 'bookmark' } as const;

export async function* watchStream(
  api: KubeApi,
  collection: Collection,
  from: { readonly resourceVersion: string; readonly timeoutSeconds: number },
  now: () => number,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<WatchEvent, void, void> {
  const { resource, namespace, labelSelector, metadataOnly } = collection;
  const query = {
    ...from,
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
  };
  for await (const line of api.watch(resource, namespace, query, signal, onOpen)) {
    yield parseWatchLine(line, `watch ${resource.plural} in ${namespace ?? 'all namespaces'}`, now());
  }
}

function parseWatchLine(line: unknown, attempt: string, now: number): WatchEvent {
  const { type, object } = (line ?? {}) as { type?: unknown; object?: unknown };
  if (type === 'ERROR') throw toKubeError(attempt, statusCodeOf(object), object, undefined, now);
  const kind =
    type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK' ? kinds[type] : null;
  const { metadata } = (object ?? {}) as { metadata?: { resourceVersion?: unknown } };
  const resourceVersion = metadata?.resourceVersion;
  if (kind === null || typeof resourceVersion !== 'string' || resourceVersion === '') {
    const problem = kind === null ? `a line of type ${JSON.stringify(type)}` : 'a line without a resourceVersion';
    throw new ZenLeadError('WATCH_BROKEN', `${attempt}: ${problem}`, { retry: 'later' });
  }
  return kind === 'bookmark' ? { kind, resourceVersion } : { kind, resourceVersion, object };
}

function statusCodeOf(status: unknown): number {
  const { code } = (status ?? {}) as { code?: unknown };
  return typeof code === 'number' ? code : 500;
}
