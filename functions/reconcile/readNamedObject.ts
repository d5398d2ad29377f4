/**
 * readNamedObject: reads the one object that a foreign event names. Of a Service the catalogue
 * knows all.
 *
 * Guarantees: consistent. Nothing where the object has gone.
 */

import { codeOf } from '../../lib/errors.ts';
import type { ForeignHint } from '../../lib/events/foreign.ts';
import { endpointSlices, type KubeApi, pods } from '../../lib/kube/kubeApi.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import type { Named } from './concerned.ts';
import { parseObject } from './parseObject.ts';

export async function readNamedObject(
  api: KubeApi,
  { namespace, objectKind, name }: ForeignHint,
  signal: AbortSignal,
): Promise<Named> {
  if (objectKind !== 'Pod' && objectKind !== 'EndpointSlice') return {};
  const attempt = `get ${objectKind} ${namespace}/${name}`;
  try {
    const object = await api.get(objectKind === 'Pod' ? pods : endpointSlices, namespace, name, signal);
    return objectKind === 'Pod'
      ? { pod: parseObject(attempt, object, parsePod) }
      : { slice: parseObject(attempt, object, parseSlice) };
  } catch (error) {
    if (codeOf(error) === 'KUBE_NOT_FOUND') return {};
    throw error;
  }
}
