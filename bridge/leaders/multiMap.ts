/**
 * MultiMap: several names under one name. What the indexes of the store are made of.
 *
 * Guarantees: a key without names takes no memory, and one with a single name no set: a Set of one
 * takes 230 bytes, and a cluster has several such keys for each Service. Adding twice is adding
 * once.
 */

export interface MultiMap {
  /** To be read before the next change. */
  get(key: string): ReadonlySet<string>;
  keys(): Iterable<string>;
  add(key: string, name: string): void;
  delete(key: string, name: string): void;
  isEmpty(): boolean;
}

const none: ReadonlySet<string> = new Set();

export function createMultiMap(): MultiMap {
  const namesOf = new Map<string, string | Set<string>>();
  return {
    get(key) {
      const names = namesOf.get(key);
      if (names === undefined) return none;
      return typeof names === 'string' ? new Set([names]) : names;
    },
    keys: () => namesOf.keys(),
    add(key, name) {
      const names = namesOf.get(key);
      if (names === undefined) namesOf.set(key, name);
      else if (typeof names !== 'string') names.add(name);
      else if (names !== name) namesOf.set(key, new Set([names, name]));
    },
    delete(key, name) {
      const names = namesOf.get(key);
      if (names === name) namesOf.delete(key);
      if (names === undefined || typeof names === 'string') return;
      names.delete(name);
      const [last] = names;
      if (last === undefined) namesOf.delete(key);
      else if (names.size === 1) namesOf.set(key, last);
    },
    isEmpty: () => namesOf.size === 0,
  };
}
