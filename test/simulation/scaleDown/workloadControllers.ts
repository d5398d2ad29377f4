/**
 * startWorkloadControllers: runs one Deployment or StatefulSet as kube-controller-manager and the
 * kubelets do: it makes pods, deletes them in the order of Kubernetes, rolls out, and writes the
 * status. Each controller looks a while after a change, by a clock of its own.
 */

import { aPodManifest, aPodStatus, aReadyCondition } from '../../support/objects/aPodManifest.ts';
import { type ApiServer, timestamp } from '../apiServer.ts';
import { controllerOf, type KubeObject } from '../kubeObject.ts';
import { APP_LABELS } from '../manifests.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import { inDeletionOrder, isActive } from './deletionOrder.ts';

export type WorkloadKind = 'Deployment' | 'StatefulSet';

export interface WorkloadControllersOptions {
  readonly server: ApiServer;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly kind: WorkloadKind;
  readonly replicas: number;
}

export interface WorkloadControllers {
  readonly plural: 'deployments' | 'statefulsets';
  /** Null once it is deleted. */
  read(): KubeObject | null;
  activePods(): readonly KubeObject[];
  /** The pod that goes last, by the time of the API server. */
  survivor(): KubeObject | undefined;
  scale(replicas: number): void;
  /** Another pod template. */
  rollOut(): void;
  setReady(pod: KubeObject, isReady: boolean): void;
  /** A controller does, or a user. */
  deletePod(pod: KubeObject, actor?: string): void;
}

export const WORKLOAD = 'db';
const KUBERNETES = 'workload';
/** The controllers' clock, against that of the API server. */
const MAX_SKEW_MS = 2_000;
/** A busy controller takes longer. `SORTS_WITHIN_MS` of lib/scaleDown/predict.ts is 15 s. */
const MAX_LAG_MS = 6_000;
/** Pods that were there before the run are up to nine hours old. */
const MAX_AGE_POWER = 15;

interface Spec {
  readonly replicas: number;
  readonly revision: number;
}

export const specOf = (workload: KubeObject): Spec => workload['spec'] as Spec;

export function startWorkloadControllers(options: WorkloadControllersOptions): WorkloadControllers {
  const { server, scheduler, random, kind } = options;
  const { etcd } = server;
  const plural = kind === 'Deployment' ? 'deployments' : 'statefulsets';
  const skewMs = random.between(-MAX_SKEW_MS, MAX_SKEW_MS);
  const lagMs = random.pick([50, 500, MAX_LAG_MS]);
  let made = 0;
  let isDue = false;

  const read = (): KubeObject | null => etcd.read(plural, WORKLOAD) ?? null;
  const allActive = (): readonly KubeObject[] => etcd.list('pods').filter(isActive);
  const podsOf = (owner: KubeObject): readonly KubeObject[] =>
    allActive().filter((pod) => controllerOf(pod)?.uid === owner.metadata.uid);
  const allOf = (deployment: KubeObject): readonly KubeObject[] =>
    etcd
      .list('replicasets')
      .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid)
      .flatMap(podsOf);
  const setName = (revision: number): string => `${WORKLOAD}-${revision}`;

  function withGeneration(changed: string, object: KubeObject): KubeObject {
    const before = etcd.read(changed, object.metadata.name);
    const isSame = before !== undefined && before['spec'] === object['spec'];
    const generation = Number(Object(before?.metadata).generation ?? 0) + (isSame ? 0 : 1);
    return { ...object, metadata: { ...object.metadata, ...{ generation } } };
  }
  server.setWebhook((changed, object) =>
    ['deployments', 'statefulsets', 'replicasets'].includes(changed) ? withGeneration(changed, object) : object,
  );

  server.create('user', plural, {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: WORKLOAD },
    spec: {
      replicas: options.replicas,
      revision: 1,
      selector: { matchLabels: APP_LABELS },
      template: { metadata: { labels: APP_LABELS } },
    },
  });
  etcd.subscribe((change) => {
    if (isDue || !['pods', 'replicasets', plural].includes(change.plural)) return;
    isDue = true;
    scheduler.schedule(random.between(5, lagMs), () => {
      isDue = false;
      sync(false);
    });
  });
  sync(true);

  function sync(isFirst: boolean): void {
    const workload = read();
    if (workload === null) return;
    if (kind === 'Deployment') syncDeployment(workload, isFirst);
    else syncStatefulSet(workload, isFirst);
  }

  function syncDeployment(deployment: KubeObject, isFirst: boolean): void {
    const { replicas, revision } = specOf(deployment);
    const newest = etcd.read('replicasets', setName(revision)) ?? createSet(deployment, revision);
    const old = etcd.list('replicasets').filter((set) => set.metadata.uid !== newest.metadata.uid);
    const oldPods = old.flatMap(podsOf);
    const ready = podsOf(newest).filter((pod) => pod['isReady'] === true).length;
    // One more than there should be while a rollout goes on. An old one goes for each Ready one.
    const wanted = oldPods.length === 0 ? replicas : Math.min(replicas, ready + 1);
    setReplicas(newest, wanted);
    let left = Math.max(0, replicas - ready);
    for (const set of old) {
      const next = Math.min(left, specOf(set).replicas);
      setReplicas(set, next);
      left -= next;
    }
    for (const set of [newest, ...old]) syncSet(set, isFirst);
    const status = { replicas: allOf(deployment).length, updatedReplicas: podsOf(newest).length };
    writeStatus(deployment, status);
  }

  function createSet(deployment: KubeObject, revision: number): KubeObject {
    return server.create(KUBERNETES, 'replicasets', {
      metadata: { name: setName(revision), ownerReferences: [owner('Deployment', deployment)] },
      spec: { replicas: specOf(deployment).replicas },
    });
  }

  function setReplicas(set: KubeObject, replicas: number): void {
    if (specOf(set).replicas !== replicas)
      server.patch(KUBERNETES, 'replicasets', set.metadata.name, { spec: { replicas } });
  }

  function syncSet({ metadata }: KubeObject, isFirst: boolean): void {
    const set = etcd.read('replicasets', metadata.name);
    const deployment = read();
    if (set === undefined || deployment === null) return;
    const pods = podsOf(set);
    const { replicas } = specOf(set);
    for (let n = pods.length; n < replicas; n += 1) {
      made += 1;
      createPod(`${metadata.name}-${made}`, owner('ReplicaSet', set), isFirst);
    }
    const excess = Math.max(0, pods.length - replicas);
    const order = inDeletionOrder(shuffle(pods), allOf(deployment), scheduler.now() + skewMs);
    for (const pod of order.slice(0, excess)) deletePod(pod);
  }

  function syncStatefulSet(set: KubeObject, isFirst: boolean): void {
    const { replicas, revision } = specOf(set);
    const pods = podsOf(set);
    const ordinal = ({ metadata: { name } }: KubeObject): number => Number(name.slice(WORKLOAD.length + 1));
    for (let n = 0; n < replicas; n += 1) {
      const name = `${WORKLOAD}-${n}`;
      if (etcd.read('pods', name) === undefined) createPod(name, owner('StatefulSet', set), isFirst, revision);
    }
    for (const pod of pods) if (ordinal(pod) >= replicas) deletePod(pod);
    const outdated = pods.filter((pod) => pod['revision'] !== revision);
    const isWhole = pods.length === replicas && pods.every((pod) => pod['isReady'] === true);
    // From the highest ordinal on, one at a time.
    const next = outdated.toSorted((a, b) => ordinal(b) - ordinal(a))[0];
    if (isWhole && next !== undefined) deletePod(next);
    const currentRevision = outdated.length > 0 || pods.length < replicas ? 'old' : `revision-${revision}`;
    writeStatus(set, { replicas: pods.length, currentRevision, updateRevision: `revision-${revision}` });
  }

  function writeStatus({ metadata }: KubeObject, status: object): void {
    const { generation: observedGeneration } = Object(metadata);
    server.patch(KUBERNETES, plural, WORKLOAD, { status: { observedGeneration, ...status } });
  }

  function createPod(name: string, controller: object, isFirst: boolean, revision?: number): void {
    const ageMs = isFirst ? 1_000 * 2 ** random.between(3, MAX_AGE_POWER) : 0;
    const at = scheduler.now() - ageMs;
    const pod = aPodManifest({
      name,
      labels: APP_LABELS,
      nodeName: `node-${random.below(3)}`,
      createdAt: timestamp(at),
    });
    const { metadata } = pod as KubeObject;
    // Which of two uids is the greater one decides between pods of about the same age.
    const uid = `${random.below(1e9)}-${name}`;
    const whole = { ...pod, revision, metadata: { ...metadata, uid, ownerReferences: [controller] } };
    const status = aPodStatus({
      phase: isFirst ? 'Running' : 'Pending',
      ready: isFirst,
      ips: [],
      changedAt: timestamp(at),
    });
    const ip = `10.0.${made % 250}.${1 + random.below(250)}`;
    server.create(KUBERNETES, 'pods', {
      ...whole,
      isReady: isFirst,
      status: { ...status, podIPs: isFirst ? [{ ip }] : [] },
    });
    if (isFirst) return;
    scheduler.schedule(random.between(50, 4_000), () => {
      const found = etcd.read('pods', name);
      if (found?.metadata.uid !== uid || !isActive(found)) return;
      server.patch(KUBERNETES, 'pods', name, { status: { phase: 'Running', podIPs: [{ ip }] } });
      scheduler.schedule(random.between(10, 3_000), () => setReady(found, true));
    });
  }

  function setReady({ metadata: { name, uid } }: KubeObject, isReady: boolean): void {
    const pod = etcd.read('pods', name);
    if (pod?.metadata.uid !== uid || !isActive(pod)) return;
    const conditions = [aReadyCondition(isReady, timestamp(scheduler.now()))];
    server.patch(KUBERNETES, 'pods', name, { isReady, status: { conditions } });
  }

  function deletePod({ metadata: { name, uid } }: KubeObject, actor = KUBERNETES): void {
    const pod = etcd.read('pods', name);
    if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    server.patch(actor, 'pods', name, { metadata: { deletionTimestamp: timestamp(scheduler.now()) } });
    scheduler.schedule(random.between(5, 3_000), () => server.delete(actor, 'pods', name, { uid }));
  }

  function shuffle<T>(list: readonly T[]): readonly T[] {
    return list
      .map((each) => ({ each, at: random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ each }) => each);
  }

  function survivor(): KubeObject | undefined {
    const workload = read();
    if (workload === null) return undefined;
    if (kind === 'StatefulSet') return allActive().find(({ metadata }) => metadata.name === `${WORKLOAD}-0`);
    const set = etcd.read('replicasets', setName(specOf(workload).revision));
    if (set === undefined) return undefined;
    return inDeletionOrder(podsOf(set), allOf(workload), scheduler.now()).at(-1);
  }

  return {
    plural,
    read,
    activePods: allActive,
    survivor,
    scale: (replicas) => void server.patch('user', plural, WORKLOAD, { spec: { replicas } }),
    rollOut() {
      const workload = read();
      if (workload !== null)
        server.patch('user', plural, WORKLOAD, { spec: { revision: specOf(workload).revision + 1 } });
    },
    setReady,
    deletePod,
  };
}

function owner(kind: string, { metadata: { name, uid } }: KubeObject): object {
  return { apiVersion: 'apps/v1', kind, name, uid, controller: true };
}
