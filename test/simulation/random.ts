/**
 * Random: gives all chance in a simulation from one seed, so that a seed replays exactly.
 *
 * Source: mulberry32, https://github.com/cprosche/mulberry32 (public domain); quality beyond "well
 * mixed" is not needed here.
 */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, bound). */
  below(bound: number): number;
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Undefined from an empty list. */
  pickAny<T>(list: readonly T[]): T | undefined;
  /** A stream of its own, so that the draws of one part do not shift those of another. */
  fork(): Random;
}

export function createRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (bound: number): number => Math.floor(next() * bound);
  const pickAny = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
  return {
    next,
    below,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick: (list) => pickAny(list) ?? list[0],
    pickAny,
    fork: () => createRandom(below(2 ** 31)),
  };
}
