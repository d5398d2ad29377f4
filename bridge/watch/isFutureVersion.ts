/**
 * isFutureVersion: finds out whether the API server has not reached a version yet. Then etcd was
 * restored from an older backup: a watch from there is accepted, and stays silent until the server
 * has caught up.
 *
 * Guarantees: reads one object at most, by a consistent LIST, whose version is at least every one
 * that the server ever sent.
 * Does not guarantee that a server which has caught up, with another history, differs from one that
 * never went back.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
 * (resourceVersion unset: "Most Recent").
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Collection } from '../../lib/kube/listAll.ts';
import { compareRevisions } from '../../lib/selection/compareRevisions.ts';

/** Rejects with KUBE_ errors. Versions that cannot be ordered are not ahead. */
export async function isFutureVersion(
  api: KubeApi,
  { resource, namespace }: Collection,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<boolean> {
  // Without the selector: the version is the resource's, and with a selector the server might
  // search long for one object.
  const now = await api.list(resource, namespace, { limit: 1, metadataOnly: true }, signal);
  return compareRevisions(now.resourceVersion, resourceVersion) === 'older';
}
