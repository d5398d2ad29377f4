/**
 * History: holds the cluster at every revision, for the checks only. The code under test
 * cannot see it.
 *
 * An era ends when etcd is restored from a backup. The same revision then has two meanings, and a
 * check that asks for one gets an answer for each.
 */

import type { KubeObject } from './kubeObject.ts';

export interface History {
  record(plural: string, name: string, object: KubeObject | null, revision: number, at: number): void;
  /** Etcd goes back to this revision. */
  startEra(revision: number, at: number): void;
  /** The collection as it was at a revision, in every era that had it, the present one first. */
  listsAt(plural: string, revision: number): readonly (readonly KubeObject[])[];
  /** When the collection was last as it was at that revision; Infinity: it still is. */
  supersededAt(plural: string, revision: number): number;
  /** Every object of a collection in every state that it has been in since then. */
  statesSince(plural: string, at: number): readonly KubeObject[];
  era(): number;
  /** The last revision of the previous era, or 0. A higher one up to it can only be of that era. */
  lostAfter(): number;
}

interface Version {
  readonly revision: number;
  readonly at: number;
  readonly object: KubeObject | null;
}

interface Era {
  readonly versions: Map<string, Map<string, Version[]>>;
  lastRevision: number;
  endedAt: number;
}

export function createHistory(): History {
  const eras: Era[] = [{ versions: new Map(), lastRevision: 0, endedAt: Number.POSITIVE_INFINITY }];
  let restoredTo = Number.POSITIVE_INFINITY;
  const current = (): Era => eras[0] ?? { versions: new Map(), lastRevision: 0, endedAt: 0 };

  return {
    record(plural, name, object, revision, at) {
      const { versions } = current();
      const collection = versions.get(plural) ?? new Map<string, Version[]>();
      versions.set(plural, collection);
      const known = collection.get(name);
      if (known === undefined) collection.set(name, [{ revision, at, object }]);
      else known.push({ revision, at, object });
      current().lastRevision = revision;
    },
    startEra(revision, at) {
      const before = current();
      before.endedAt = at;
      const versions = new Map(
        [...before.versions].map(([plural, byName]) => [
          plural,
          new Map([...byName].map(([name, list]) => [name, list.filter((version) => version.revision <= revision)])),
        ]),
      );
      eras.unshift({ versions, lastRevision: revision, endedAt: Number.POSITIVE_INFINITY });
      restoredTo = revision;
    },
    statesSince(plural, at) {
      const lists = eras
        .filter((era) => era.endedAt >= at)
        .flatMap(({ versions }) => [...(versions.get(plural)?.values() ?? [])]);
      return lists.flatMap((list) =>
        list.flatMap(({ object }, index) => {
          const endedAt = list[index + 1]?.at ?? Number.POSITIVE_INFINITY;
          return object === null || endedAt < at ? [] : [object];
        }),
      );
    },
    listsAt(plural, revision) {
      return eras
        .filter((era) => revision <= era.lastRevision)
        .map(({ versions }) =>
          [...(versions.get(plural)?.values() ?? [])].flatMap((list) => {
            const object = list.findLast((version) => version.revision <= revision)?.object;
            return object === undefined || object === null ? [] : [object];
          }),
        );
    },
    supersededAt(plural, revision) {
      const instants = eras
        .filter((era) => revision <= era.lastRevision)
        .map(({ versions, endedAt }) => {
          const later = [...(versions.get(plural)?.values() ?? [])].flatMap((list) => {
            const next = list.find((version) => version.revision > revision);
            return next === undefined ? [] : [next.at];
          });
          return Math.min(endedAt, ...later);
        });
      return Math.max(Number.NEGATIVE_INFINITY, ...instants);
    },
    era: () => eras.length,
    lostAfter: () => restoredTo,
  };
}
