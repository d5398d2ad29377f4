/**
 * placesFirst: of the writes that were decided, those that make room for a slice: the leader Service as it should be, what stands in the slice's
 * place removed, and the slice itself, empty. None where every slice is there. Called by `look`, which fills them with what it decides after that.
 *
 * Why: a create is fenced by its name alone. One that was on its way while another function made the slice, and a hand removed it, would bring
 * back an older epoch, or a second record (S4, S9). An empty slice routes to nobody and says nothing, so it may come at any time; the patch
 * that fills it carries its uid.
 */

import type { Write } from '../lib/selection/write.ts';

export function placesFirst(writes: readonly Write[]): readonly Write[] {
  const last = writes.findLastIndex(hasPlace);
  const names = new Set(writes.filter(hasPlace).map(({ name }) => name));
  return writes.slice(0, last + 1).flatMap((write) => {
    if (hasPlace(write)) {
      const { place, ...create } = write;
      return [{ ...create, object: place }];
    }
    const makesRoom = 'resource' in write && (write.resource === 'services' || names.has(write.name));
    return makesRoom ? [write] : [];
  });
}

type Create = Extract<Write, { kind: 'create' }>;

function hasPlace(write: Write): write is Create & Required<Pick<Create, 'place'>> {
  return write.kind === 'create' && write.place !== undefined;
}
