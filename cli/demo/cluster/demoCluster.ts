/**
 * Starts the cluster of the demo. It has an embedded API server, stand-ins for a node and a
 * controller manager, a client of the Service, and zen-lead itself. zen-lead knows none of the
 * others. It reaches the API server over HTTP, as it always does.
 */

import { createPoolFeed } from '../../../api/leaders/poolFeed.ts';
import type { ReadObservations } from '../../../api/registerObservations.ts';
import type { ApiOptions } from '../../../api/startApi.ts';
import { createStatusFeed, type StatusFeed } from '../../../api/statusFeed.ts';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { systemClock } from '../../../bridge/clock.ts';
import { createAddressIndex } from '../../../bridge/leaders/addressIndex.ts';
import { createObjectIndex } from '../../../bridge/watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../../../bridge/watch/objectStore.ts';
import { startReflector } from '../../../bridge/watch/reflector.ts';
import type { ObjectChange, ReflectedObject, ReflectorStore } from '../../../bridge/watch/reflectorStore.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { endpointSlices, pods } from '../../../lib/kube/kubeApi.ts';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';
import { parsePod } from '../../../lib/kube/parsePod.ts';
import { parseSlice } from '../../../lib/kube/parseSlice.ts';
import { label } from '../../../lib/selection/names.ts';
import type { PodView, SliceView } from '../../../lib/selection/snapshot.ts';
import type { Logger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { startZenLead } from '../../serve/startZenLead.ts';
import { createJournal, type Journal } from '../journal.ts';
import { type Answer, startClient } from '../leaderClient.ts';
import { aService, LEADER_SERVICE, NAMESPACE, nodes, SERVICE } from '../postgres.ts';
import { createClusterClient, path } from './clusterClient.ts';
import { startKubelet } from './kubelet.ts';
import { createPodNetwork } from './podNetwork.ts';
import { probeThrough } from './probeThrough.ts';
import { startServiceProxy } from './serviceProxy.ts';
import { startStatefulSet } from './statefulSet.ts';

/** Three pods need 12. */
const MAX_PROBES_PER_SECOND = 100;

export interface DemoCluster {
  readonly url: string;
  /** Where `postgres-leader` listens, on 127.0.0.1. */
  readonly leaderPort: number;
  readonly journal: Journal;
  /** For the live page. */
  readonly feed: StatusFeed;
  readonly readObservations: ReadObservations;
  /** What the api needs. */
  readonly answering: Pick<ApiOptions, 'api' | 'pools' | 'podsAt'>;
  readonly metrics: Metrics;
  answersSince(since: number): readonly Answer[];
  /** Every question asked so far has its answer, or was given up. */
  untilAnswered(): Promise<void>;
  annotateService(annotations: Readonly<Record<string, string>>): Promise<void>;
  crashPod(name: string): void;
  /** Its process accepts connections and answers nothing, until it is woken. */
  hangPod(name: string): void;
  wakePod(name: string): void;
  deletePod(name: string): Promise<void>;
  close(): Promise<void>;
}

interface DemoClusterOptions {
  /** Of the API server; 0 for any. */
  readonly port: number;
  readonly kubeconfigPath: string;
  readonly log: Logger;
  /** A stand-in failed, and the demo cannot go on. */
  onError(error: unknown): void;
}

export async function startDemoCluster(options: DemoClusterOptions): Promise<DemoCluster> {
  const { kubeconfigPath, log, onError } = options;
  // Closes in reverse order, also when a later step fails.
  await using opening = new AsyncDisposableStack();
  const apiServer = opening.adopt(await startApiServer({ port: options.port }), (one) => one.close());
  await apiServer.writeKubeconfig(kubeconfigPath);
  const metrics = createMetrics();
  const access = await loadClusterAccess({ kubeconfigPath });
  const api = opening.adopt(createKubeApi(access, { metrics }), (one) => one.close());
  const client = createClusterClient(apiServer.url);
  const signal = new AbortController().signal;

  const journal = createJournal();
  const network = createPodNetwork();
  const kubelet = opening.adopt(startKubelet({ client, network, journal, onError }), (one) => one.close());
  const statefulSet = opening.adopt(startStatefulSet(client, onError), (one) => one.close());
  const proxy = opening.adopt(await startServiceProxy(network, journal), (one) => one.close());
  const watch = { api, clock: systemClock, random: Math.random, log, metrics, onSynced: () => {} };
  const podWatch = startReflector({
    ...watch,
    name: 'demo-kubelet',
    resource: pods,
    namespace: undefined,
    project: parsePod,
    store: aStore<PodView>(undefined, ({ kind, object }) => {
      if (kind !== 'deleted') return kubelet.see(object);
      kubelet.forget(object);
      statefulSet.forget(object);
    }),
  });
  opening.defer(() => podWatch.close());
  const sliceWatch = startReflector({
    ...watch,
    name: 'demo-proxy',
    resource: endpointSlices,
    namespace: NAMESPACE,
    labelSelector: `${label.serviceName}=${LEADER_SERVICE}`,
    project: parseSlice,
    store: aStore<SliceView>(NAMESPACE, ({ kind, object }) => proxy.follow(kind === 'deleted' ? null : object)),
  });
  opening.defer(() => sliceWatch.close());

  for (const node of nodes()) await client.create(path.nodes, node, signal);
  await client.create(path.services(NAMESPACE), aService(), signal);
  await statefulSet.createAll();
  const feed = createStatusFeed();
  opening.defer(() => feed.close());
  const pools = createPoolFeed();
  const addresses = createAddressIndex();
  const onConcern: typeof feed.note = (source) => {
    feed.note(source);
    pools.note(source);
  };
  const zenLead = startZenLead({
    ...{ api, clusterName: 'demo', namespaces: [], metrics, log, onConcern, onPod: addresses.note },
    checks: { probeHostNetwork: false, maxProbesPerSecond: MAX_PROBES_PER_SECOND, network: probeThrough(network) },
  });
  feed.follow(zenLead);
  pools.follow(zenLead);
  opening.defer(() => zenLead.close());
  const asking = startClient(proxy.port, ({ from }) =>
    journal.record(from === null ? { kind: 'unanswered' } : { kind: 'answered', pod: from }),
  );
  opening.defer(() => asking.close());

  const open = opening.move();
  return {
    url: apiServer.url,
    leaderPort: proxy.port,
    journal,
    feed,
    readObservations: zenLead.observationsOf,
    answering: { api, pools, podsAt: addresses.podsAt },
    metrics,
    answersSince: asking.answersSince,
    untilAnswered: asking.untilAnswered,
    annotateService: (annotations) =>
      client.patch(path.service(NAMESPACE, SERVICE), { metadata: { annotations } }, signal),
    crashPod: kubelet.crash,
    hangPod: kubelet.hang,
    wakePod: kubelet.wake,
    deletePod: (name) => client.delete(path.pod(NAMESPACE, name), undefined, signal),
    close: () => open.disposeAsync(),
  };
}

function aStore<T extends ReflectedObject>(
  namespace: string | undefined,
  onChange: (change: ObjectChange<T>) => void,
): ReflectorStore<T> {
  return createObjectStore({
    indexes: createIndexes(() => createObjectIndex<T>()),
    pick: (index) => index,
    namespace,
    onChange,
  });
}
