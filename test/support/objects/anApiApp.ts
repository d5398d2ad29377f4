/** The application of the api role on a store that a test fills, without a process. */

import { onTestFinished } from 'vitest';
import type { Reviewer, Right, User } from '../../../api/auth/reviewer.ts';
import { createApiApp, type TlsFiles } from '../../../api/createApiApp.ts';
import { createPoolFeed } from '../../../api/leaders/poolFeed.ts';
import { createLeaseStore } from '../../../api/locks/leaseStore.ts';
import { createLockBook } from '../../../api/locks/lockBook.ts';
import { createStatusFeed } from '../../../api/statusFeed.ts';
import { systemClock } from '../../../bridge/clock.ts';
import { createAddressIndex } from '../../../bridge/leaders/addressIndex.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import type { PodView } from '../../../lib/selection/snapshot.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from './aLeaderStore.ts';
import { aLeaderSlice } from './aSlice.ts';
import { aPod, aService, version } from './builders.ts';

const revisions = { pods: version(1), services: version(1), slices: version(1) };
interface ApiAppSetup {
  readonly reviewer?: Reviewer;
  readonly api?: Partial<KubeApi>;
  readonly tls?: TlsFiles;
}

/** postgres-0 leads with epoch 7 and has 10.0.0.1; postgres-1 follows and has 10.0.0.2. */
export function anApiApp({ reviewer, api = {}, tls }: ApiAppSetup = {}) {
  const { store, pods, services, ourSlices } = aLeaderStore();
  const addresses = createAddressIndex();
  const pools = createPoolFeed();
  const metrics = createMetrics();
  let isFresh = true;
  const cluster = {
    isFresh: () => isFresh,
    sources: store.sources,
    readiness: () => ({ ready: true, reasons: [] }),
    isSource: ({ namespace, name }: { namespace: string; name: string }) => store.namespace(namespace).isSource(name),
    snapshotOf: ({ namespace, name }: { namespace: string; name: string }) =>
      buildSnapshot({ ...store.namespace(namespace).stateOf(name), namespace, revisions }),
  };
  const status = createStatusFeed();
  status.follow(cluster);
  pools.follow(cluster);
  const leaseStore = createLeaseStore(api as KubeApi);
  const nothing = { granted() {}, expired() {}, conflicted() {}, waited() {} };
  const book = createLockBook({
    store: leaseStore,
    clock: systemClock,
    random: Math.random,
    maxSkewMs: 1_000,
    metrics: nothing,
  });
  const app = createApiApp({
    ...{ pools, status, book, podsAt: addresses.podsAt, hosts: ['api.example'], metrics, log: silentLogger },
    ...{
      clock: systemClock,
      maxSkewMs: 1_000,
      isReady: () => ({ ready: isFresh, reasons: [] }),
      reviewer: reviewer ?? null,
      tls,
    },
  });
  onTestFinished(() => app.close());
  const put = (pod: PodView): void => {
    pods.add(pod);
    addresses.note({ kind: 'added', object: pod });
  };
  services.add(aService({}));
  put(aPod({ name: 'postgres-0', ips: ['10.0.0.1'] }));
  put(aPod({ name: 'postgres-1', ips: ['10.0.0.2'] }));
  const lead = (pod: string, ip: string, epoch: number): void => {
    const slice = aLeaderSlice({ pod, address: ip });
    ourSlices.add({ ...slice, annotations: { ...slice.annotations, 'zen-lead.io/epoch': String(epoch) } });
    pools.note({ namespace: 'shop', name: 'postgres' });
  };
  lead('postgres-0', '10.0.0.1', 7);
  const get = (url: string, headers: Record<string, string> = {}, remoteAddress = '10.0.0.9') =>
    app.inject({ url, headers, remoteAddress });
  const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, payload, headers });
  return {
    ...{ app, get, post, put, lead, metrics, pools, book, services, ourSlices },
    /** Where it listens from then on, over real sockets. */
    listen: () => app.listen({ host: '127.0.0.1', port: 0 }),
    setFresh: (value: boolean) => {
      isFresh = value;
    },
  };
}

export const user = (rest: Partial<User> = {}): User => ({ name: 'u', uid: '', groups: [], extra: {}, ...rest });

/** Knows the token `good`, whose user may do what `may` says. */
export function aReviewer(may: (right: Right) => boolean, of: User = user()): Reviewer {
  return {
    authenticate: async (token) => (token === 'good' ? of : null),
    isAllowed: async (_, right) => may(right),
  };
}
