import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMultiMap } from '../../../../bridge/leaders/multiMap.ts';

it('holds the names that were added and not deleted, one or several', () => {
  const change = fc.record({
    isAdded: fc.boolean(),
    key: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('x', 'y', 'z'),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const map = createMultiMap();
      const pairs = new Set<string>();
      for (const { isAdded, key, name } of changes) {
        if (isAdded) map.add(key, name);
        else map.delete(key, name);
        if (isAdded) pairs.add(key + name);
        else pairs.delete(key + name);
        const held = [...map.keys()].flatMap((each) => [...map.get(each)].map((one) => each + one));
        expect(held.sort()).toEqual([...pairs].sort());
        expect(map.isEmpty()).toBe(pairs.size === 0);
        expect(['a', 'b'].map((each) => map.get(each).size)).toEqual(
          ['a', 'b'].map((each) => held.filter((pair) => pair.startsWith(each)).length),
        );
      }
    }),
  );
});
