/**
 * isEqual: says whether two plain JSON values say the same. The order of keys and keys that are
 * undefined do not count.
 */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => isEqual(each, b[i]));
  }
  const [left, right] = [a as Fields, b as Fields];
  let open = 0;
  for (const key of Object.keys(right)) if (right[key] !== undefined) open += 1;
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue;
    if (!Object.hasOwn(right, key) || !isEqual(left[key], right[key])) return false;
    open -= 1;
  }
  return open === 0;
}

type Fields = Readonly<Record<string, unknown>>;
