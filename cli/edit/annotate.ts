/**
 * Sets and removes annotations of a source Service, only if it is still the one that was read.
 *
 * Guarantees: the patch carries uid and resourceVersion (S3). A Service that another client changed
 * meanwhile is KUBE_CONFLICT, and nothing is written.
 */

import { type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import type { ServiceView } from '../../lib/selection/snapshot.ts';

/** Null removes one. */
export type AnnotationEdit = Readonly<Record<string, string | null>>;

export async function annotate(
  api: KubeApi,
  { namespace, name, uid, resourceVersion }: ServiceView,
  annotations: AnnotationEdit,
  signal: AbortSignal,
): Promise<void> {
  await api.mergePatch(services, namespace, name, { metadata: { uid, resourceVersion, annotations } }, signal);
}

/** The same Service as it reads after the edit. */
export function withAnnotations(source: ServiceView, edit: AnnotationEdit): ServiceView {
  const annotations = { ...source.annotations };
  for (const [key, value] of Object.entries(edit)) {
    if (value === null) delete annotations[key];
    else annotations[key] = value;
  }
  return { ...source, annotations };
}

/** As `kubectl annotate` takes it: `key=value`, `key-` to remove. */
export function renderEdit(edit: AnnotationEdit): string {
  return Object.entries(edit)
    .map(([key, value]) => (value === null ? `${key}-` : `${key}=${value}`))
    .join(' ');
}
