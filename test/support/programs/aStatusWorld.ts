/**
 * Makes a store as a bridge fills it, behind the real status API, for the tests of the API and of
 * the live page.
 */

import { onTestFinished } from 'vitest';
import type { LockStatus } from '../../../api/locks/lockSchemas.ts';
import { createStatusFeed, type StatusFeed } from '../../../api/statusFeed.ts';
import { startProbes } from '../../../cli/serve/startProbes.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import type { SliceView } from '../../../lib/selection/snapshot.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from '../objects/aLeaderStore.ts';
import { aPod, aService, uidOf, version } from '../objects/builders.ts';

const revisions = { pods: version(1), services: version(1), slices: version(1) };
const NAMESPACE = 'shop';

export interface World {
  readonly feed: StatusFeed;
  readonly url: string;
  annotate(service: string, annotations?: Readonly<Record<string, string>>): void;
  /** Null when no pod leads. */
  route(service: string, pod: string | null, election?: string): void;
  remove(service: string): void;
  /** What the process says of its locks from then on. */
  lock(locks: readonly LockStatus[]): void;
  stop(): Promise<void>;
}

/** Two pods, postgres-0 and postgres-1, both Ready, that every annotated Service selects. */
export async function aWorld(port = 0): Promise<World> {
  const { store, pods, services, ourSlices } = aLeaderStore();
  const feed = createStatusFeed();
  const isReady = () => ({ ready: true, reasons: [] });
  feed.follow({
    sources: store.sources,
    isSource: ({ namespace, name }) => store.namespace(namespace).isSource(name),
    readiness: isReady,
    snapshotOf: ({ namespace, name }) =>
      buildSnapshot({ ...store.namespace(namespace).stateOf(name), namespace, revisions }),
  });
  let locks: readonly LockStatus[] | null = null;
  const readLocks = () => locks;
  const server = await startProbes({ host: '127.0.0.1', port, metrics: createMetrics(), isReady, feed, readLocks });
  onTestFinished(() => server.close());
  const note = (name: string) => feed.note({ namespace: NAMESPACE, name });
  return {
    feed,
    url: server.url,
    annotate(service, annotations = {}) {
      services.add(aService(annotations, { name: service }));
      for (const number of [0, 1]) pods.add(aPod({ name: `postgres-${number}` }));
      note(service);
    },
    route(service, pod, election) {
      ourSlices.add(aSlice(service, pod, election));
      note(service);
    },
    remove(service) {
      services.delete(aService({}, { name: service }));
      ourSlices.delete(aSlice(service, null));
      note(service);
    },
    lock(next) {
      locks = next;
    },
    stop: () => server.close(),
  };
}

function aSlice(service: string, pod: string | null, election?: string): SliceView {
  const serviceName = `${service}-${election ?? 'leader'}`;
  const targetRef = { kind: 'Pod', namespace: NAMESPACE, name: pod ?? '', uid: uidOf(pod ?? '') };
  const endpoint = { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false, targetRef };
  const record = { epoch: '7', 'pods-revision': '1', 'services-revision': '1', reason: 'LeaderNotReady' };
  const led = pod === null ? {} : { 'leader-pod-name': pod, 'leader-pod-uid': uidOf(pod) };
  const annotations = { ...record, ...led, 'leader-last-switch-time': '2026-01-01T00:00:00Z' };
  return {
    namespace: NAMESPACE,
    name: `${serviceName}-ipv4`,
    uid: uidOf(`${serviceName}-slice`),
    resourceVersion: version(5),
    serviceName,
    ...(election !== undefined && { election }),
    managedBy: 'zen-lead.io',
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`zen-lead.io/${key}`, value])),
    owner: { kind: 'Service', name: service, uid: uidOf(service) },
    terminating: false,
    spec: { addressType: 'IPv4', endpoints: pod === null ? [] : [endpoint], ports: [] },
  };
}
