/**
 * ClaimStore: ManualLocks and the Leases of locks as the watches show them, by namespace.
 *
 * Guarantees: no I/O. A namespace whose objects are all gone takes no memory.
 */

import type { ClaimView } from '../../lib/lock/claims/claim.ts';
import { isClaimId } from '../../lib/lock/claims/claim.ts';
import type { LockView } from '../../lib/lock/parseLock.ts';
import type { Source } from '../queue/concern.ts';
import { createObjectIndex, type ObjectIndex } from '../watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../watch/objectStore.ts';
import type { ObjectChange, ReflectedObject, ReflectorStore } from '../watch/reflectorStore.ts';

interface ClaimIndex {
  readonly claims: ObjectIndex<ClaimView>;
  readonly leases: ObjectIndex<LockView>;
  /** By lock, also of Leases that are gone; those that granted last, the last one last. */
  readonly tokens: Map<string, number>;
  claimsOf(lock: string): readonly ClaimView[];
  isEmpty(): boolean;
}

/** The store of one watch. `namespace` undefined: of all. */
type Open<T> = (namespace: string | undefined, onChange: (change: ObjectChange<T>) => void) => ReflectorStore<T>;

export interface ClaimStore {
  readonly claims: Open<ClaimView>;
  readonly leases: Open<LockView>;
  claimsOf(lock: Source): readonly ClaimView[];
  /** The greatest that a Lease of this lock has shown; undefined for none. */
  tokenOf(lock: Source): number | undefined;
  /** Every lock that a claim asks for, or that a claim has held or waited for. */
  sources(): readonly Source[];
}

/**
 * A token counts on from the time of the first grant. So one that was seen long ago is smaller than
 * what a Lease begins with that is made again, and may be forgotten.
 */
const MAX_TOKENS = 1_000;

export function createClaimStore(): ClaimStore {
  const indexes = createIndexes(createClaimIndex);
  const open =
    <T extends ReflectedObject>(pick: (index: ClaimIndex) => ObjectIndex<T>): Open<T> =>
    (namespace, onChange) =>
      createObjectStore({ indexes, pick, namespace, onChange });
  return {
    claims: open((index) => index.claims),
    leases: open((index) => index.leases),
    claimsOf: ({ namespace, name }) => indexes.get(namespace)?.claimsOf(name) ?? [],
    tokenOf: ({ namespace, name }) => indexes.get(namespace)?.tokens.get(name),
    sources: () =>
      [...indexes.entries()].flatMap(([namespace, { claims, leases }]) => {
        const asked = [...claims.byName.values()].map(({ lock }) => lock);
        const named = [...leases.byName.values()].filter(isOfClaim).map(({ lock }) => lock);
        return [...new Set([...asked, ...named])].map((name) => ({ namespace, name }));
      }),
  };
}

/** False for a lock that clients of the api alone use. */
export function isOfClaim({ state: { grant, queue } }: LockView): boolean {
  return (grant !== null && isClaimId(grant.id)) || queue.some(({ id }) => isClaimId(id));
}

function createClaimIndex(): ClaimIndex {
  const byLock = new Map<string, Set<string>>();
  const claims = createObjectIndex<ClaimView>({
    file({ lock, name }) {
      byLock.set(lock, (byLock.get(lock) ?? new Set()).add(name));
    },
    unfile({ lock, name }) {
      const names = byLock.get(lock);
      names?.delete(name);
      if (names?.size === 0) byLock.delete(lock);
    },
  });
  const tokens = new Map<string, number>();
  const leases = createObjectIndex<LockView>({
    file({ lock, state: { token } }) {
      const greatest = Math.max(token, tokens.get(lock) ?? 0);
      tokens.delete(lock);
      tokens.set(lock, greatest);
      const [oldest] = tokens.keys();
      if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
    },
  });
  return {
    claims,
    leases,
    tokens,
    // The newest version of each: a version alone that differs is not filed again.
    claimsOf: (lock) => [...(byLock.get(lock) ?? [])].flatMap((name) => claims.byName.get(name) ?? []),
    isEmpty: () => claims.isEmpty() && leases.isEmpty(),
  };
}
