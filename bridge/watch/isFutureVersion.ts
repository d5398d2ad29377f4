/**
 * isFutureVersion: whether a version is one that the API server has not reached. Then etcd was restored from an older backup: a watch from there is
 * accepted, and stays silent until the server has caught up. Called by watchLoop.ts for every watch that is resumed.
 *
 * Guarantees: one object is read at most, of a LIST that is consistent: its version is at least every one that was ever told.
 * Not guaranteed: a server that has caught up with the version again, with another history, is not told from one that never went back.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list (resourceVersion unset: "Most Recent").
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
  // Without the selector: the version is the resource's, and a selector might have to look for long to find one object.
  const now = await api.list(resource, namespace, { limit: 1, metadataOnly: true }, signal);
  return compareRevisions(now.resourceVersion, resourceVersion) === 'older';
}
