/**
 * ObjectReader: reads what one reflector is sent, and says what to do with an object that cannot be
 * read.
 *
 * An unreadable object must neither be skipped silently nor blind the bridge for good:
 * 1. In a watch line it is reported and throws, which ends the watch; the reflector lists again.
 * 2. In a LIST it is reported. The last view that could be read stays, as long as the uid is the
 *    same (our lack of information never moves a leader, S8). An object that was never readable is
 *    left out.
 * 3. From then on it is known to be unreadable. Further watch lines about it are reported and
 *    change nothing, until one can be read, or it is deleted.
 * Does not guarantee that an object without a readable name is distinct from another one: it ends
 * the watch every time.
 */

import { inputError, ZenLeadError } from '../../lib/errors.ts';
import type { ObjectIdentity } from './reflectorStore.ts';

/** What a store has to do. */
export type StoreStep<T> =
  | { readonly kind: 'added' | 'modified'; readonly object: T }
  | { readonly kind: 'deleted'; readonly identity: ObjectIdentity }
  | { readonly kind: 'replaced'; readonly objects: readonly T[]; readonly unreadable: ReadonlySet<string> };

interface ObjectReader<T> {
  /** `<namespace>/<name>` of objects whose present state cannot be read. */
  unreadable(): ReadonlySet<string>;
  /**
   * One line of a watch. Throws `INPUT_INVALID` as described above; null where the object is known
   * to be unreadable.
   */
  readLine(kind: 'added' | 'modified' | 'deleted', input: unknown): StoreStep<T> | null;
  startList(): ListReading<T>;
}

interface ListReading<T> {
  add(input: unknown): void;
  finish(): StoreStep<T>;
}

interface UnreadableReport {
  readonly key: string;
  readonly error: ZenLeadError;
  /** False where this object was unreadable before, and has been reported. */
  readonly isFirst: boolean;
}

export function createObjectReader<T extends ObjectIdentity>(
  project: (input: unknown) => T,
  onUnreadable: (report: UnreadableReport) => void,
): ObjectReader<T> {
  /** Key -> uid. */
  let unreadable = new Map<string, string>();

  function report(identity: ObjectIdentity | undefined, cause: unknown): ZenLeadError {
    const key = identity === undefined ? '(no readable name)' : toKey(identity);
    // The stack overflows where an object is nested too deep. That must not end the process.
    const error = cause instanceof RangeError ? inputError(key, `cannot be read: ${cause.message}`, cause) : cause;
    if (!(error instanceof ZenLeadError)) throw error;
    onUnreadable({ key, error, isFirst: !unreadable.has(key) });
    if (identity !== undefined) unreadable.set(key, identity.uid);
    return error;
  }

  return {
    unreadable: () => new Set(unreadable.keys()),
    readLine(kind, input) {
      const identity = kind === 'deleted' ? identify(input) : undefined;
      if (identity !== undefined) {
        if (unreadable.get(toKey(identity)) === identity.uid) unreadable.delete(toKey(identity));
        return { kind: 'deleted', identity };
      }
      let object: T;
      try {
        object = project(input);
      } catch (error) {
        const failed = identify(input);
        const isKnown = failed !== undefined && unreadable.has(toKey(failed));
        const reported = report(failed, error);
        if (isKnown) return null;
        const what = failed === undefined ? 'object' : toKey(failed);
        throw inputError(`${what}: ${reported.path}`, 'a watch line cannot be read', reported);
      }
      if (unreadable.size > 0) unreadable.delete(toKey(object));
      return kind === 'deleted' ? { kind, identity: object } : { kind, object };
    },
    startList() {
      const objects: T[] = [];
      const failed = new Map<string, string>();
      return {
        add(input) {
          try {
            objects.push(project(input));
          } catch (error) {
            const identity = identify(input);
            report(identity, error);
            if (identity !== undefined) failed.set(toKey(identity), identity.uid);
          }
        },
        finish() {
          unreadable = failed;
          return { kind: 'replaced', objects, unreadable: new Set(failed.values()) };
        },
      };
    },
  };
}

/** A uid that cannot be read is the empty one, which no object has. */
function identify(input: unknown): ObjectIdentity | undefined {
  const { metadata } = (input ?? {}) as { metadata?: { namespace?: unknown; name?: unknown; uid?: unknown } };
  if (typeof metadata?.namespace !== 'string' || typeof metadata.name !== 'string') return undefined;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: typeof metadata.uid === 'string' ? metadata.uid : '',
  };
}

function toKey({ namespace, name }: ObjectIdentity): string {
  return `${namespace}/${name}`;
}
