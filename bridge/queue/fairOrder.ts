/**
 * FairOrder: the keys of one lane, in turns of their namespaces, oldest first within each.
 *
 * One order for all lets a tenant with 400 flapping Services stand before all others: the
 * failover of another tenant took seconds instead of milliseconds. In turns, it waits for one key
 * of each other namespace at most.
 *
 * Guarantees: a namespace that begins to wait is behind those that wait already, once.
 * Source: round-robin scheduling, as API Priority and Fairness queues requests by flow,
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */

import { createKeyOrder, type KeyOrder } from './keyOrder.ts';

interface FairOrder {
  size(): number;
  /** The key that `shift` would take. */
  first(): string | undefined;
  shift(): string | undefined;
  append(key: string, namespace: string): void;
  remove(key: string, namespace: string): void;
  /** Takes the oldest key of the namespace that has the most: the one to give up its place. */
  shiftFromLargest(): string | undefined;
  /** The oldest key of each namespace. */
  oldest(): Iterable<string>;
}

export function createFairOrder(): FairOrder {
  const keysOf = new Map<string, KeyOrder<string>>();
  const turns = createKeyOrder<string>();
  let size = 0;

  function take(namespace: string | undefined): string | undefined {
    const keys = namespace === undefined ? undefined : keysOf.get(namespace);
    const key = keys?.shift();
    if (namespace === undefined || keys === undefined || key === undefined) return undefined;
    size -= 1;
    turns.remove(namespace);
    if (keys.size() === 0) keysOf.delete(namespace);
    else turns.append(namespace);
    return key;
  }

  return {
    size: () => size,
    first() {
      const namespace = turns.first();
      return namespace === undefined ? undefined : keysOf.get(namespace)?.first();
    },
    shift: () => take(turns.first()),
    append(key, namespace) {
      let keys = keysOf.get(namespace);
      if (keys === undefined) {
        keys = createKeyOrder();
        keysOf.set(namespace, keys);
        turns.append(namespace);
      }
      keys.append(key);
      size += 1;
    },
    remove(key, namespace) {
      const keys = keysOf.get(namespace);
      const before = keys?.size() ?? 0;
      keys?.remove(key);
      size -= before - (keys?.size() ?? 0);
      if (keys?.size() !== 0) return;
      keysOf.delete(namespace);
      turns.remove(namespace);
    },
    shiftFromLargest() {
      let largest: string | undefined;
      for (const [namespace, keys] of keysOf)
        if (largest === undefined || keys.size() > (keysOf.get(largest)?.size() ?? 0)) largest = namespace;
      return take(largest);
    },
    *oldest() {
      for (const keys of keysOf.values()) {
        const key = keys.first();
        if (key !== undefined) yield key;
      }
    },
  };
}
