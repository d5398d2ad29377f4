/**
 * createFactReader: reads what `decideScale` asks for: the workload, its pods, and what else scales
 * it.
 *
 * Guarantees: consistent reads, and only those that were asked for. Rejects with KUBE_*.
 */

import { codeOf } from '../../lib/errors.ts';
import { takeFields } from '../../lib/kube/fields.ts';
import {
  deployments,
  horizontalPodAutoscalers,
  type KubeApi,
  pods,
  type Resource,
  replicaSets,
  scaledObjects,
  services,
  statefulSets,
} from '../../lib/kube/kubeApi.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { type Autoscaler, findRivals, parseHpa, parseScaledObject } from '../../lib/scaleDown/rivals.ts';
import type { Facts, FoundWorkload } from '../../lib/scaleDown/scaleInput.ts';
import { type Live, parseWorkload } from '../../lib/scaleDown/workload.ts';
import { parseOwner, parseWorkloadPod, type WorkloadPod } from '../../lib/scaleDown/workloadPod.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import type { WorkloadRef } from '../../lib/selection/scaleRecord.ts';
import { selects } from '../../lib/selection/selects.ts';
import type { ServiceView } from '../../lib/selection/snapshot.ts';
import { listCollection } from '../reconcile/listParsed.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';

/** What the reads are about. */
export interface Question {
  readonly source: ServiceView;
  /** What is scaled down, as it was written down. Null where that is to be found. */
  readonly workload: WorkloadRef | null;
  /** A pod whose owner is looked for. */
  readonly pod: string | undefined;
}

export interface FactReader {
  /** The facts, and those that were asked for. */
  readWorkload(namespace: string, workload: WorkloadRef, signal: AbortSignal): Promise<Live>;
  read(question: Question, what: 'live' | 'rivals' | 'pods', facts: Facts, signal: AbortSignal): Promise<Facts>;
}

const workloads: Readonly<Record<WorkloadRef['kind'], Resource>> = {
  Deployment: deployments,
  StatefulSet: statefulSets,
};

export function workloadResource(kind: WorkloadRef['kind']): Resource {
  return workloads[kind];
}

const unsupported = (message: string): Live => ({ kind: 'unsupported', message });

export function createFactReader(api: KubeApi): FactReader {
  async function readLive({ source, workload, pod }: Question, signal: AbortSignal): Promise<Live> {
    const { namespace } = source;
    if (workload !== null) return readWorkload(namespace, workload, signal);
    if (pod === undefined) return { kind: 'gone' };
    const owner = await readOwner(pods, namespace, pod, signal);
    if (owner === undefined) return { kind: 'gone' };
    if (owner === null) return unsupported(`pod "${pod}" has no controller.`);
    if (owner.kind === 'StatefulSet') return readWorkload(namespace, { ...owner, kind: 'StatefulSet' }, signal);
    if (owner.kind !== 'ReplicaSet') return unsupported(`pod "${pod}" is owned by ${owner.kind} "${owner.name}".`);
    const above = await readOwner(replicaSets, namespace, owner.name, signal);
    if (above === undefined) return { kind: 'gone' };
    if (above?.kind !== 'Deployment') return unsupported(`ReplicaSet "${owner.name}" is owned by no Deployment.`);
    return readWorkload(namespace, { ...above, kind: 'Deployment' }, signal);
  }

  async function readOwner(
    resource: Resource,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<WorkloadPod['owner'] | undefined> {
    const parse = (input: unknown) => ({
      owner: parseOwner(takeFields(takeFields(input, resource.plural)['metadata'], 'metadata')),
    });
    return (await readIfThere(api, { resource, namespace, name }, parse, signal))?.owner;
  }

  async function readWorkload(namespace: string, { kind, name, uid }: WorkloadRef, signal: AbortSignal): Promise<Live> {
    const at = { resource: workloads[kind], namespace, name };
    const found = await readIfThere(api, at, (input) => parseWorkload(kind, input), signal);
    return found === null || found.uid !== uid ? { kind: 'gone' } : found;
  }

  async function readPods({ source, pod }: Question, live: FoundWorkload, signal: AbortSignal): Promise<Facts> {
    const of = { api, resource: pods, namespace: source.namespace, parse: parseWorkloadPod, signal };
    const selector = Object.entries(source.selector ?? {}).map(([key, value]) => `${key}=${value}`);
    const [ofWorkload, ofService] = await Promise.all([
      listCollection(of, live.selector),
      listCollection(of, selector.join(',')),
    ]);
    const ownerOf = ofService.items.find(({ name }) => name === pod)?.owner?.uid;
    const stranger = ofService.items.find(({ owner, isActive }) => isActive && owner?.uid !== ownerOf);
    return { pods: ofWorkload.items, stranger: stranger?.name };
  }

  async function readAutoscalers(namespace: string, signal: AbortSignal): Promise<readonly Autoscaler[]> {
    const of = { api, namespace, signal };
    const hpas = listCollection({ ...of, resource: horizontalPodAutoscalers, parse: parseHpa });
    const ofKeda = listCollection({ ...of, resource: scaledObjects, parse: parseScaledObject }).catch((error) => {
      // A cluster without KEDA.
      if (codeOf(error) === 'KUBE_NOT_FOUND') return { items: [] };
      throw error;
    });
    const lists = await Promise.all([hpas, ofKeda]);
    return lists.flatMap(({ items }) => items);
  }

  async function readRivals({ source }: Question, live: FoundWorkload, signal: AbortSignal): Promise<Facts> {
    const { namespace } = source;
    const [autoscalers, all] = await Promise.all([
      readAutoscalers(namespace, signal),
      listCollection({ api, namespace, signal, resource: services, parse: parseService }),
    ]);
    const sharing = all.items
      .filter((each) => each.uid !== source.uid && isOptedIn(each) && selects(each.selector, live.labels))
      .map(({ name }) => name);
    return { rivals: findRivals({ of: live.of, name: live.name }, autoscalers, sharing) };
  }

  return {
    readWorkload,
    async read(question, what, facts, signal) {
      if (what === 'live') return { ...facts, live: await readLive(question, signal) };
      const { live } = facts;
      if (live?.kind !== 'found') return facts;
      const found = what === 'pods' ? readPods(question, live, signal) : readRivals(question, live, signal);
      return { ...facts, ...(await found) };
    },
  };
}
