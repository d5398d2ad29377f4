/**
 * Fills in Namespaces: the label that names one, the finalizer that keeps it until it is empty, and
 * its phase.
 *
 * Source:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#automatic-labelling
 */

import { type Fields, fieldsAt, textAt } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';

export function prepareNamespace(namespace: Fields, previous: KubeObject | null): Fields {
  const metadata = fieldsAt(namespace, 'metadata');
  const labels = { ...fieldsAt(metadata, 'labels'), 'kubernetes.io/metadata.name': textAt(metadata, 'name') ?? '' };
  const isNew = previous === null;
  return {
    ...namespace,
    metadata: { ...metadata, labels },
    spec: isNew ? { finalizers: ['kubernetes'] } : fieldsAt(namespace, 'spec'),
    status: isNew ? { phase: 'Active' } : fieldsAt(namespace, 'status'),
  };
}
