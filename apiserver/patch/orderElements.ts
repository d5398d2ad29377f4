/**
 * Orders a list after a strategic merge patch.
 *
 * Elements that the patch names follow the patch's order, and the others keep theirs. Of a named
 * and another element that both were in the list before, the other one goes first when it stood
 * first.
 */

export function orderElements(
  elements: readonly unknown[],
  before: readonly unknown[],
  order: readonly unknown[],
  isSameElement: (a: unknown, b: unknown) => boolean,
): readonly unknown[] {
  const placeIn = (list: readonly unknown[], element: unknown) =>
    list.findIndex((each) => isSameElement(each, element));
  const named = elements
    .filter((each) => placeIn(order, each) >= 0)
    .sort((a, b) => placeIn(order, a) - placeIn(order, b));
  const others = elements.filter((each) => placeIn(order, each) < 0);
  const ordered: unknown[] = [];
  let at = 0;
  for (const other of others) {
    const otherPlace = placeIn(before, other);
    for (; at < named.length; at += 1) {
      const place = placeIn(before, named[at]);
      if (place >= 0 && otherPlace >= 0 && otherPlace < place) break;
      ordered.push(named[at]);
    }
    ordered.push(other);
  }
  return [...ordered, ...named.slice(at)];
}
