/**
 * FlowStore: flows, records and Jobs as the watches show them, by namespace.
 *
 * Guarantees: no I/O. A namespace whose objects are all gone takes no memory.
 */

import { toJobView, type WatchedJob } from '../../lib/flow/objects/parseJob.ts';
import type { WatchedRecord } from '../../lib/flow/objects/parseRecordObject.ts';
import { recordName } from '../../lib/flow/state/names.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowSnapshot, FlowView, JobView } from '../../lib/flow/state/snapshot.ts';
import type { Source } from '../queue/concern.ts';
import { createObjectIndex, type ObjectIndex } from '../watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../watch/objectStore.ts';
import type { ObjectChange, ReflectedObject, ReflectorStore } from '../watch/reflectorStore.ts';

interface FlowIndex {
  readonly flows: ObjectIndex<FlowView>;
  readonly records: ObjectIndex<WatchedRecord>;
  readonly jobs: ObjectIndex<WatchedJob>;
  jobsOf(flow: string): Iterable<WatchedJob>;
  isEmpty(): boolean;
}

/** The store of one watch. `namespace` undefined: of all. */
type Open<T> = (namespace: string | undefined, onChange: (change: ObjectChange<T>) => void) => ReflectorStore<T>;

export interface FlowStore {
  readonly flows: Open<FlowView>;
  readonly records: Open<WatchedRecord>;
  readonly jobs: Open<WatchedJob>;
  snapshotOf(source: Source, revisions: FlowSnapshot['revisions']): FlowSnapshot;
  sources(): readonly Source[];
  views(): Iterable<FlowAndRecord>;
  viewsIn(namespace: string): Iterable<FlowAndRecord>;
  /** Null where there is no such flow. */
  viewOf(source: Source): FlowAndRecord | null;
}

export interface FlowAndRecord {
  readonly flow: FlowView;
  /** Null where there is none, or it cannot be read. */
  readonly record: FlowRecord | null;
}

export function createFlowStore(): FlowStore {
  const indexes = createIndexes(createFlowIndex);
  /** Each Job goes along with each event of its flow. */
  const views = new WeakMap<WatchedJob, { readonly flowUid: string; readonly view: JobView }>();
  const viewOf = (job: WatchedJob, flowUid: string): JobView => {
    const known = views.get(job);
    if (known?.flowUid === flowUid) return known.view;
    const view = toJobView(job, flowUid);
    views.set(job, { flowUid, view });
    return view;
  };
  const open =
    <T extends ReflectedObject>(pick: (index: FlowIndex) => ObjectIndex<T>): Open<T> =>
    (namespace, onChange) =>
      createObjectStore({ indexes, pick, namespace, onChange });
  return {
    flows: open((index) => index.flows),
    records: open((index) => index.records),
    jobs: open((index) => index.jobs),
    snapshotOf({ namespace, name }, revisions) {
      const index = indexes.get(namespace);
      const flow = index?.flows.byName.get(name) ?? null;
      if (index === undefined || flow === null) return { flow, record: null, jobs: [], basis: 'watch', revisions };
      const found = index.records.byName.get(recordName(flow));
      const record = found?.ownerUid === flow.uid ? found : undefined;
      return {
        flow,
        record:
          record === undefined
            ? null
            : { uid: record.uid, resourceVersion: record.resourceVersion, record: record.record },
        jobs: Array.from(index.jobsOf(name), (job) => viewOf(job, flow.uid)),
        basis: 'watch',
        revisions,
      };
    },
    *views() {
      for (const [, index] of indexes.entries())
        for (const flow of index.flows.byName.values()) yield withRecord(index, flow);
    },
    *viewsIn(namespace) {
      const index = indexes.get(namespace);
      if (index !== undefined) for (const flow of index.flows.byName.values()) yield withRecord(index, flow);
    },
    viewOf({ namespace, name }) {
      const index = indexes.get(namespace);
      const flow = index?.flows.byName.get(name);
      return index === undefined || flow === undefined ? null : withRecord(index, flow);
    },
    sources: () =>
      [...indexes.entries()].flatMap(([namespace, { flows }]) =>
        [...flows.byName.keys()].map((name) => ({ namespace, name })),
      ),
  };
}

function withRecord({ records }: FlowIndex, flow: FlowView): FlowAndRecord {
  const found = records.byName.get(recordName(flow));
  const record = found?.ownerUid === flow.uid ? found.record : null;
  return { flow, record: record === 'unreadable' ? null : record };
}

function createFlowIndex(): FlowIndex {
  const byFlow = new Map<string, Map<string, WatchedJob>>();
  const flows = createObjectIndex<FlowView>();
  const records = createObjectIndex<WatchedRecord>();
  const jobs = createObjectIndex<WatchedJob>({
    file(job) {
      const own = byFlow.get(job.flow) ?? new Map<string, WatchedJob>();
      own.set(job.name, job);
      byFlow.set(job.flow, own);
    },
    unfile({ flow, name }) {
      const own = byFlow.get(flow);
      own?.delete(name);
      if (own?.size === 0) byFlow.delete(flow);
    },
  });
  return {
    flows,
    records,
    jobs,
    // The newest version of each: a version alone that differs is not filed again.
    jobsOf: (flow) => [...(byFlow.get(flow)?.keys() ?? [])].flatMap((name) => jobs.byName.get(name) ?? []),
    isEmpty: () => flows.isEmpty() && records.isEmpty() && jobs.isEmpty(),
  };
}
