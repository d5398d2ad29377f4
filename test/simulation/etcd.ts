/**
 * Etcd: holds all objects of the simulated cluster, one revision counter, and the changes since the
 * last compaction.
 *
 * Guarantees: every change takes one new revision, and listeners run in the order of revisions. A
 * restore goes back to the objects and the revision of the backup. So revisions are used a second
 * time, as on a real restored etcd.
 */

import { createHistory, type History } from './history.ts';
import type { KubeObject } from './kubeObject.ts';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly plural: string;
  readonly revision: number;
  /**
   * The object after the change. A deleted one has its last state, with the revision of the
   * deletion.
   */
  readonly object: KubeObject;
  readonly previous: KubeObject | null;
}

export interface Backup {
  readonly revision: number;
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, KubeObject>>;
}

export interface Etcd {
  readonly history: History;
  revision(): number;
  read(plural: string, name: string): KubeObject | undefined;
  list(plural: string): readonly KubeObject[];
  put(plural: string, object: KubeObject): KubeObject;
  remove(plural: string, name: string): void;
  /** Null when they have been compacted away. */
  changesAfter(revision: number): readonly Change[] | null;
  compact(): void;
  backup(): Backup;
  /** Skips as many revisions, because other clients write to a real etcd, too. */
  skip(revisions: number): void;
  restore(backup: Backup): void;
  subscribe(listener: (change: Change) => void): void;
}

/**
 * A cluster has a past before a run begins. The number is also above any clock in seconds.
 */
const FIRST_REVISION = 1_000;

export function createEtcd(now: () => number): Etcd {
  const history = createHistory();
  const listeners: ((change: Change) => void)[] = [];
  let objects = new Map<string, Map<string, KubeObject>>();
  let revision = FIRST_REVISION;
  let changes: Change[] = [];
  let compactedAt = FIRST_REVISION;

  const collection = (plural: string): Map<string, KubeObject> => {
    const known = objects.get(plural) ?? new Map<string, KubeObject>();
    objects.set(plural, known);
    return known;
  };

  function tell(change: Change): void {
    changes.push(change);
    const { plural, object, type } = change;
    history.record(plural, object.metadata.name, type === 'DELETED' ? null : object, revision, now());
    for (const listener of listeners) listener(change);
  }

  return {
    history,
    revision: () => revision,
    read: (plural, name) => objects.get(plural)?.get(name),
    list: (plural) => [...(objects.get(plural)?.values() ?? [])],
    put(plural, given) {
      const { name } = given.metadata;
      const previous = collection(plural).get(name) ?? null;
      revision += 1;
      const object = { ...given, metadata: { ...given.metadata, resourceVersion: String(revision) } };
      collection(plural).set(name, object);
      tell({ type: previous === null ? 'ADDED' : 'MODIFIED', plural, revision, object, previous });
      return object;
    },
    remove(plural, name) {
      const previous = collection(plural).get(name);
      if (previous === undefined) return;
      revision += 1;
      collection(plural).delete(name);
      const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
      tell({ type: 'DELETED', plural, revision, object, previous });
    },
    changesAfter: (after) => (after < compactedAt ? null : changes.filter((change) => change.revision > after)),
    compact() {
      changes = [];
      compactedAt = revision;
    },
    backup: () => ({ revision, objects: new Map([...objects].map(([plural, byName]) => [plural, new Map(byName)])) }),
    skip(revisions) {
      revision += revisions;
    },
    restore(backup) {
      objects = new Map([...backup.objects].map(([plural, byName]) => [plural, new Map(byName)]));
      revision = backup.revision;
      changes = [];
      compactedAt = revision;
      history.startEra(revision, now());
    },
    subscribe: (listener) => listeners.push(listener),
  };
}
