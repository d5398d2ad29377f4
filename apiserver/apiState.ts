/**
 * Holds what all verbs of one embedded API server share.
 *
 * Guarantees: two servers in one process never meet, because nothing here is module-level state.
 */

import type { Kind } from './kind.ts';
import type { Store } from './revisionStore.ts';
import type { ServiceAddresses } from './serviceAddresses.ts';

export interface ApiState {
  readonly kinds: readonly Kind[];
  readonly store: Store;
  readonly addresses: ServiceAddresses;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly newUid: () => string;
}

/** RFC 3339 to the second, as metadata carries instants. */
export function timestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
