/**
 * ReflectedObjects: what one reflector knows, by `<namespace>/<name>`, and what to do with an object that cannot be read.
 *
 * An unreadable object must neither be skipped silently nor blind the bridge for good:
 * 1. In a watch line it is reported and throws, which ends the watch; the reflector lists again.
 * 2. In a LIST it is reported; the last view that could be read stays, as long as the uid is the same (our lack of information never
 *    moves a leader, S8). An object that was never readable is left out.
 * 3. From then on it is known to be unreadable: further watch lines about it are reported and change nothing, until one can be
 *    read, or it is deleted.
 * Not guaranteed: that an object without a readable name is told apart from another one; it ends the watch every time.
 */

import { inputError, ZenLeadError } from '../../lib/errors.ts';
import type { ObjectChange, ReflectedObject } from './objectChange.ts';
import { isChanged, relistDiff } from './relistDiff.ts';

export interface ReflectedObjects<T> {
  readonly byKey: ReadonlyMap<string, T>;
  /** Keys of objects whose present state cannot be read. */
  readonly unreadable: ReadonlySet<string>;
  /** One line of a watch. Throws `INPUT_INVALID` as described above. */
  apply(kind: 'added' | 'modified' | 'deleted', input: unknown): readonly ObjectChange<T>[];
  startList(): ListReading<T>;
}

export interface ListReading<T> {
  add(input: unknown): void;
  /** Puts what was listed in the place of what was known. */
  finish(): readonly ObjectChange<T>[];
}

export interface UnreadableReport {
  readonly key: string;
  readonly error: ZenLeadError;
  /** False: this object was unreadable before, and has been reported. */
  readonly isFirst: boolean;
}

export function createReflectedObjects<T extends ReflectedObject>(
  project: (input: unknown) => T,
  onUnreadable: (report: UnreadableReport) => void,
): ReflectedObjects<T> {
  let byKey = new Map<string, T>();
  let unreadable = new Set<string>();

  const report = (identity: Identity | undefined, error: unknown): ZenLeadError => {
    if (!(error instanceof ZenLeadError)) throw error;
    const key = identity?.key ?? '(no readable name)';
    onUnreadable({ key, error, isFirst: identity === undefined || !unreadable.has(key) });
    if (identity !== undefined) unreadable.add(key);
    return error;
  };

  const remove = ({ key, uid }: Identity): readonly ObjectChange<T>[] => {
    const stored = byKey.get(key);
    if (stored !== undefined && stored.uid !== uid) return [];
    unreadable.delete(key);
    byKey.delete(key);
    return stored === undefined ? [] : [{ kind: 'deleted', object: stored }];
  };

  const put = (key: string, object: T): readonly ObjectChange<T>[] => {
    const previous = byKey.get(key);
    unreadable.delete(key);
    if (previous === undefined) {
      byKey.set(key, object);
      return [{ kind: 'added', object }];
    }
    if (previous.uid !== object.uid) {
      byKey.set(key, object);
      return [
        { kind: 'deleted', object: previous },
        { kind: 'added', object },
      ];
    }
    if (!isChanged(previous, object)) return [];
    byKey.set(key, object);
    return [{ kind: 'modified', object, previous }];
  };

  return {
    get byKey() {
      return byKey;
    },
    get unreadable() {
      return unreadable;
    },
    apply(kind, input) {
      const identity = identify(input);
      if (kind === 'deleted' && identity !== undefined) return remove(identity);
      let object: T;
      try {
        object = project(input);
      } catch (error) {
        const isKnown = identity !== undefined && unreadable.has(identity.key);
        const reported = report(identity, error);
        if (isKnown) return [];
        throw inputError(`${identity?.key ?? 'object'}: ${reported.path}`, 'a watch line cannot be read', reported);
      }
      return put(toKey(object.namespace, object.name), object);
    },
    startList() {
      const listed = new Map<string, T>();
      const failed = new Set<string>();
      return {
        add(input) {
          try {
            const object = project(input);
            listed.set(toKey(object.namespace, object.name), object);
          } catch (error) {
            const identity = identify(input);
            report(identity, error);
            if (identity === undefined) return;
            failed.add(identity.key);
            const lastReadable = byKey.get(identity.key);
            if (lastReadable !== undefined && lastReadable.uid === identity.uid) listed.set(identity.key, lastReadable);
          }
        },
        finish() {
          const changes = relistDiff(byKey, listed);
          byKey = listed;
          unreadable = failed;
          return changes;
        },
      };
    },
  };
}

interface Identity {
  readonly key: string;
  readonly uid: unknown;
}

function identify(input: unknown): Identity | undefined {
  const { metadata } = (input ?? {}) as { metadata?: { namespace?: unknown; name?: unknown; uid?: unknown } };
  if (typeof metadata?.namespace !== 'string' || typeof metadata.name !== 'string') return undefined;
  return { key: toKey(metadata.namespace, metadata.name), uid: metadata.uid };
}

/** `join`, not a template: V8 keeps a template's result as a rope of two strings, 32 B more for every pod (measured). */
function toKey(namespace: string, name: string): string {
  return [namespace, name].join('/');
}
