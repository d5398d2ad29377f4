/**
 * createSaid: remembers what was told, so that a busy Service does not say the same on every
 * reconcile.
 *
 * Guarantees: bounded. Forgetting costs an AlreadyExists of the API server.
 */

export interface Said {
  has(key: string): boolean;
  remember(key: string): void;
  forget(key: string): void;
}

const MAX_REMEMBERED = 10_000;

export function createSaid(): Said {
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    remember(key) {
      if (keys.size === MAX_REMEMBERED) keys.clear();
      keys.add(key);
    },
    forget: (key) => void keys.delete(key),
  };
}
