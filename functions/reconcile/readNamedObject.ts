/**
 * readNamedObject: reads the one object that a foreign event names. Of a Service the catalogue
 * knows all.
 *
 * Guarantees: consistent. Nothing where the object has gone.
 */

import type { ForeignHint } from '../../lib/events/foreign.ts';
import { endpointSlices, type KubeApi, pods, type Resource } from '../../lib/kube/kubeApi.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import type { Named } from './concerned.ts';
import { readIfThere } from './readIfThere.ts';

export async function readNamedObject(
  api: KubeApi,
  { namespace, objectKind, name }: ForeignHint,
  signal: AbortSignal,
): Promise<Named> {
  const read = <T>(resource: Resource, parse: (input: unknown) => T): Promise<T | null> =>
    readIfThere(api, { resource, namespace, name }, parse, signal);
  if (objectKind === 'Pod') return { pod: (await read(pods, parsePod)) ?? undefined };
  if (objectKind === 'EndpointSlice') return { slice: (await read(endpointSlices, parseSlice)) ?? undefined };
  return {};
}
