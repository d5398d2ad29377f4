/**
 * readIfThere: reads one object by its name, parsed. Null where it has gone.
 *
 * Guarantees: consistent. Rejects with KUBE_*; KUBE_INVALID for an object that cannot be read.
 */

import { codeOf } from '../../lib/errors.ts';
import type { KubeApi, Resource } from '../../lib/kube/kubeApi.ts';
import { parseObject } from './parseObject.ts';

export interface ObjectName {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

export async function readIfThere<T>(
  api: KubeApi,
  { resource, namespace, name }: ObjectName,
  parse: (input: unknown) => T,
  signal: AbortSignal,
): Promise<T | null> {
  try {
    const object = await api.get(resource, namespace, name, signal);
    return parseObject(`get ${resource.plural} ${namespace}/${name}`, object, parse);
  } catch (error) {
    if (codeOf(error) === 'KUBE_NOT_FOUND') return null;
    throw error;
  }
}
