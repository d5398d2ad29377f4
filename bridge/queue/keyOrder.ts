/**
 * KeyOrder: keys, first in first out, from which any key can be taken away.
 *
 * An array with a moving head, because a Map keeps the tombstones of what was deleted at its front.
 * Finding the first key walks over all of them, which is quadratic when 100,000 keys drain.
 */

export interface KeyOrder<Key> {
  size(): number;
  first(): Key | undefined;
  shift(): Key | undefined;
  append(key: Key): void;
  remove(key: Key): void;
}

/** Dead places are cut off when they are this many and half of the array. The copy then costs less
 * than what it frees. */
const CUT_AFTER = 1024;

export function createKeyOrder<Key>(): KeyOrder<Key> {
  let places: (Key | undefined)[] = [];
  let head = 0;
  let offset = 0;
  /** Key -> place, counted from the beginning of time. */
  const placeOf = new Map<Key, number>();

  function skipDead(): void {
    while (head < places.length && places[head] === undefined) head += 1;
    if (head < CUT_AFTER || head * 2 < places.length) return;
    places = places.slice(head);
    offset += head;
    head = 0;
  }

  function remove(key: Key): void {
    const place = placeOf.get(key);
    if (place === undefined) return;
    placeOf.delete(key);
    places[place - offset] = undefined;
    skipDead();
  }

  return {
    size: () => placeOf.size,
    first: () => places[head],
    shift() {
      const key = places[head];
      if (key !== undefined) remove(key);
      return key;
    },
    append(key) {
      placeOf.set(key, offset + places.length);
      places.push(key);
    },
    remove,
  };
}
