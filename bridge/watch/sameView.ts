/**
 * sameView: compares two projections of one object by what the rules read, so that a kubelet's
 * heartbeat or a foreign annotation leads to nothing.
 *
 * Guarantees: the order of keys does not matter, that of lists does. It leaves `resourceVersion`
 * out, because that changes with fields that were not projected.
 */
export function sameView(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((element, at) => sameView(element, right[at]));
  }
  const entries = Object.entries(left);
  if (entries.length !== Object.keys(right).length) return false;
  return entries.every(
    ([key, value]) =>
      key === 'resourceVersion' || (Object.hasOwn(right, key) && sameView(value, Reflect.get(right, key))),
  );
}
