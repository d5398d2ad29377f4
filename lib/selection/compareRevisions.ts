/**
 * compareRevisions: says which of two resourceVersions of one resource is the older state.
 *
 * Guarantees: never guesses. A version that is not a number of 64 bits is 'unordered' against
 * everything, itself included.
 * Source: KEP-5504, "Comparable resource version". Versions of one resource are numbers that grow.
 */

export type RevisionOrder = 'older' | 'same' | 'newer' | 'unordered';

/** How `revision` stands to `other`. */
export function compareRevisions(revision: string, other: string): RevisionOrder {
  if (!isComparable(revision) || !isComparable(other)) return 'unordered';
  const difference = BigInt(revision) - BigInt(other);
  if (difference === 0n) return 'same';
  return difference < 0n ? 'older' : 'newer';
}

/** False of a text that is 'unordered' against everything. */
export function isComparable(revision: string): boolean {
  return /^\d{1,20}$/.test(revision);
}
