/**
 * Reads the lists of nodes and zones in which a user prefers the leader, and ranks a place by one.
 * docs/reference/annotations.md#annotations
 */

/** A list that a user keeps by hand is shorter. It bounds what each comparison of pods costs. */
export const MAX_PREFERRED = 16;

/**
 * The value of a label: what a zone is, and what every name of a node that a cloud gives fits in.
 * A node's name may be longer, up to 253 characters, as a DNS subdomain.
 */
const place = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?$/;

/** In the order of the text, without duplicates. Null when it cannot be read. */
export function parsePreferred(text: string): readonly string[] | null {
  const places = text.split(',').map((each) => each.trim());
  if (places.length > MAX_PREFERRED || !places.every((each) => place.test(each))) return null;
  return [...new Set(places)];
}

/** 0 for the most preferred place. Every place that is not listed has the rank after the last. */
export function rankOfPlace(place: string | undefined, preferred: readonly string[]): number {
  const index = place === undefined ? -1 : preferred.indexOf(place);
  return index === -1 ? preferred.length : index;
}
