/**
 * ScheduleStore: schedules and the flows that they have made, as the watches show them, by
 * namespace.
 *
 * Guarantees: no I/O. A namespace whose objects are all gone takes no memory.
 */

import { toScheduledRun, type WatchedRun } from '../../lib/flow/objects/parseScheduledRun.ts';
import type { ScheduledRun, ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import type { Source } from '../queue/concern.ts';
import { createObjectIndex, type ObjectIndex } from '../watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../watch/objectStore.ts';
import type { ObjectChange, ReflectedObject, ReflectorStore } from '../watch/reflectorStore.ts';

interface ScheduleIndex {
  readonly schedules: ObjectIndex<ScheduleView>;
  readonly runs: ObjectIndex<WatchedRun>;
  isEmpty(): boolean;
}

type Open<T> = (namespace: string | undefined, onChange: (change: ObjectChange<T>) => void) => ReflectorStore<T>;

export interface ScheduleStore {
  readonly schedules: Open<ScheduleView>;
  readonly runs: Open<WatchedRun>;
  /** Null where there is no such schedule. */
  viewOf(source: Source): { readonly schedule: ScheduleView; readonly runs: readonly ScheduledRun[] } | null;
  sources(): readonly Source[];
}

export function createScheduleStore(): ScheduleStore {
  const indexes = createIndexes((): ScheduleIndex => {
    const schedules = createObjectIndex<ScheduleView>();
    const runs = createObjectIndex<WatchedRun>();
    return { schedules, runs, isEmpty: () => schedules.isEmpty() && runs.isEmpty() };
  });
  const open =
    <T extends ReflectedObject>(pick: (index: ScheduleIndex) => ObjectIndex<T>): Open<T> =>
    (namespace, onChange) =>
      createObjectStore({ indexes, pick, namespace, onChange });
  return {
    schedules: open((index) => index.schedules),
    runs: open((index) => index.runs),
    viewOf({ namespace, name }) {
      const index = indexes.get(namespace);
      const schedule = index?.schedules.byName.get(name);
      if (index === undefined || schedule === undefined) return null;
      return { schedule, runs: [...index.runs.byName.values()].flatMap((run) => toScheduledRun(run, schedule) ?? []) };
    },
    sources: () =>
      [...indexes.entries()].flatMap(([namespace, { schedules }]) =>
        [...schedules.byName.keys()].map((name) => ({ namespace, name })),
      ),
  };
}
