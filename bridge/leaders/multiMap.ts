/**
 * MultiMap: several names under one name. What the indexes of the store are made of.
 *
 * Guarantees: a key without names takes no memory. Adding twice is adding once.
 */

interface MultiMap {
  get(key: string): ReadonlySet<string>;
  keys(): Iterable<string>;
  add(key: string, name: string): void;
  delete(key: string, name: string): void;
}

const none: ReadonlySet<string> = new Set();

export function createMultiMap(): MultiMap {
  const sets = new Map<string, Set<string>>();
  return {
    get: (key) => sets.get(key) ?? none,
    keys: () => sets.keys(),
    add(key, name) {
      const names = sets.get(key);
      if (names === undefined) sets.set(key, new Set([name]));
      else names.add(name);
    },
    delete(key, name) {
      const names = sets.get(key);
      names?.delete(name);
      if (names?.size === 0) sets.delete(key);
    },
  };
}
