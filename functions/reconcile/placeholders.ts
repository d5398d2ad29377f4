/**
 * placeholdersFirst: chooses the writes that make room for a slice. They make the leader Service as
 * it should be, remove what stands in the slice's place, and make the slice itself, empty. None
 * where every slice is there. `reconcile` fills them with what it decides then.
 *
 * Why: a create is fenced by its name alone. One may be on its way while another function makes the
 * slice and a user removes it. Such a create would bring back an older epoch, or a second record
 * (S4, S9). An empty slice routes to no pod and says nothing, so it may come at any time. The patch
 * that fills it carries its uid.
 */

import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write, WriteResource } from '../../lib/selection/write.ts';
import { parseObject } from './parseObject.ts';

export function placeholdersFirst(writes: readonly Write[]): readonly Write[] {
  const last = writes.findLastIndex(hasPlaceholder);
  const names = new Set(writes.filter(hasPlaceholder).map(({ name }) => name));
  return writes.slice(0, last + 1).flatMap((write) => {
    if (hasPlaceholder(write)) {
      const { placeholder, ...create } = write;
      return [{ ...create, object: placeholder }];
    }
    const makesRoom = 'resource' in write && (write.resource === 'services' || names.has(write.name));
    return makesRoom ? [write] : [];
  });
}

/**
 * The snapshot with what these writes have made of it; `objects` is what the API server answered to
 * each.
 */
export function withPlaceholders(
  snapshot: Snapshot,
  { writes, objects }: { readonly writes: readonly Write[]; readonly objects: readonly unknown[] },
): Snapshot {
  const isWritten = (resource: WriteResource, name: string): boolean =>
    writes.some((write) => 'resource' in write && write.resource === resource && write.name === name);
  const made = <T>(resource: WriteResource, parse: (input: unknown) => T): readonly T[] =>
    writes.flatMap((write, index) => {
      if (!('resource' in write) || write.resource !== resource || objects[index] === undefined) return [];
      return [parseObject(`${write.kind} ${resource} ${write.namespace}/${write.name}`, objects[index], parse)];
    });
  return {
    ...snapshot,
    services: [
      ...snapshot.services.filter(({ name }) => !isWritten('services', name)),
      ...made('services', parseService),
    ],
    slices: [
      ...snapshot.slices.filter(({ name }) => !isWritten('endpointslices', name)),
      ...made('endpointslices', parseSlice),
    ],
  };
}

type Create = Extract<Write, { kind: 'create' }>;

function hasPlaceholder(write: Write): write is Create & Required<Pick<Create, 'placeholder'>> {
  return write.kind === 'create' && write.placeholder !== undefined;
}
