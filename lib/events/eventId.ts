/**
 * Makes deterministic event ids. The same parts give the same id, so that a receiver recognises a
 * redelivery. CloudEvents 1.0: source + id is unique for each distinct event, and a resent event
 * MAY keep its id.
 *
 * Guarantees: parts are kept apart (`['a', 'bc']` and `['ab', 'c']` differ); the id is lower-case
 * hex, which a Kubernetes name allows.
 */

import { hash } from 'node:crypto';

/**
 * 20 bytes of SHA-256: no collision worth naming within the lifetime of a cluster, and 40
 * characters still fit into names.
 */
const HEX_DIGITS = 2 * 20;

export function hashId(parts: readonly (string | number)[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, HEX_DIGITS);
}
