/**
 * readJobs: reads the Jobs of a flow, all of them or those that one decision depends on.
 *
 * A flow of a thousand steps does not fit into an event, so the end of each of its Jobs is a hint.
 * To list the thousand Jobs took twenty times as long as all else that the hint led to. What runs
 * by the record, and the Job that has changed, are a few, and are read by name.
 *
 * Guarantees: consistent. A Job of a step that runs by the record, and is not among them, is gone
 * (Z2). A Job that runs for nothing (Z6) is found by its own event, or by the next resync, which
 * lists all of them.
 */

import type { FlowChange } from '../../lib/flow/events/flowEvent.ts';
import { isObjectName } from '../../lib/flow/events/flowSubject.ts';
import { parseJob, toJobView } from '../../lib/flow/objects/parseJob.ts';
import { jobName, label } from '../../lib/flow/state/names.ts';
import type { FlowView, JobView, RecordView } from '../../lib/flow/state/snapshot.ts';
import { jobs, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { type List, listCollection, readNamed } from '../reconcile/listParsed.ts';

/** More steps than most flows have: the list of all their Jobs costs less than a few reads. */
export const MANY_STEPS = 200;
/** So many reads cost about as much as the list of a thousand. */
const MAX_NAMES = 16;

/**
 * The Jobs that a decision depends on which this change has led to. Null: all of them. `manySteps`:
 * of a flow of no more steps they are all.
 */
export function jobsInQuestion(
  { name, uid, spec }: FlowView,
  view: RecordView | null,
  change: FlowChange,
  manySteps: number,
): readonly string[] | null {
  const record = view?.record ?? null;
  if (record === null || record === 'unreadable' || record.steps.length <= manySteps) return null;
  // A resync finds what events have missed. What is not kept is found by its age.
  if (change.verb === 'resync' || spec.policy.retainJobs !== 'All') return null;
  const running = record.steps.filter(({ phase }) => phase === 'Running');
  const names = new Set(running.map((step) => jobName({ name, uid }, step.name, step.attempt)));
  if (change.kind === 'Job' && isObjectName(change.name)) names.add(change.name);
  return names.size === 0 || names.size > MAX_NAMES ? null : [...names];
}

/** `names` null: all of them. None was read at an older revision than that of the list. */
export async function readJobs(
  api: KubeApi,
  { namespace, uid }: FlowView,
  names: readonly string[] | null,
  signal: AbortSignal,
): Promise<List<JobView>> {
  const ofFlow = `${label.flowUid}=${uid}`;
  const parse = (object: unknown): JobView => toJobView(parseJob(object), uid);
  const collection = { api, resource: jobs, namespace, parse, signal };
  if (names === null) return listCollection(collection, ofFlow);
  // The label keeps another's Job of that name out.
  const read = (name: string) => readNamed(collection, name, undefined, ofFlow);
  const [first = '', ...others] = names;
  // Alone, so that its revision is the oldest.
  const { items, revision } = await read(first);
  const rest = await Promise.all(others.map(read));
  return { items: [...items, ...rest.flatMap((each) => each.items)], revision };
}
