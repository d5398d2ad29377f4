/**
 * startApi: serves the api, over REST and gRPC on one port, and watches the Leases of locks.
 *
 * Guarantees: it is ready when the lists of leaders and of locks are complete. A certificate that
 * was renewed counts within 10 s; one that cannot be read leaves the previous one in place. `close`
 * sends waiting clients away, and they keep their places.
 */

import { type Clock, systemClock } from '../bridge/clock.ts';
import { startWatches } from '../bridge/watch/startWatches.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { createReviewer } from './auth/reviewer.ts';
import { type ApiAppDeps, createApiApp } from './createApiApp.ts';
import { createLeaseStore } from './locks/leaseStore.ts';
import { createLockBook, type LockBook } from './locks/lockBook.ts';
import type { LockMetrics } from './locks/lockKeeper.ts';
import type { LockStatus } from './locks/lockSchemas.ts';
import { lockKind } from './locks/lockWatch.ts';
import { reloadCertificate } from './reloadCertificate.ts';

export interface ApiOptions
  extends Pick<ApiAppDeps, 'pools' | 'status' | 'podsAt' | 'hosts' | 'maxSkewMs' | 'metrics' | 'log' | 'tls'> {
  readonly api: KubeApi;
  /** Empty means all. */
  readonly namespaces: readonly string[];
  readonly auth: 'token' | 'none';
  readonly audience: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock?: Clock;
  /** Of the watches of leaders. */
  readonly isReady: ApiAppDeps['isReady'];
}

export interface ApiServer {
  /** Where it listens: `http://127.0.0.1:8082`. */
  readonly url: string;
  /** For the live page: see LockBook. */
  locks(): readonly LockStatus[];
  close(): Promise<void>;
}

/** More make the page slow; the longest queues come first. */
const MAX_LOCKS = 100;

export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const { api, namespaces, metrics, log, tls, maxSkewMs, clock = systemClock } = options;
  const random = Math.random;
  const store = createLeaseStore(api);
  const book = createLockBook({ store, clock, random, maxSkewMs, metrics: toLockMetrics(metrics) });
  reportLocks(metrics, book);
  const watches = startWatches<never>({
    ...{ kinds: [lockKind(book)], api, namespaces, clock, random, log, metrics },
    onChange() {},
    onSettled() {},
    onSynced() {},
  });
  const app = createApiApp({
    ...options,
    book,
    clock,
    reviewer: options.auth === 'none' ? null : createReviewer(api, options.audience),
    isReady() {
      const [leaders, locks] = [options.isReady(), watches.readiness(clock.monotonic())];
      return { ready: leaders.ready && locks.ready, reasons: [...leaders.reasons, ...locks.reasons] };
    },
  });
  const stopReloading = tls === undefined ? () => {} : reloadCertificate(app.server, tls, log);
  const close = async (): Promise<void> => {
    stopReloading();
    book.close();
    await app.close();
    await watches.close();
  };
  try {
    const url = await app.listen({ host: options.host, port: options.port });
    // Fastify does not know that the server it was given speaks TLS.
    return { url: tls === undefined ? url : url.replace(/^http:/, 'https:'), close, locks: () => book.list(MAX_LOCKS) };
  } catch (error) {
    await close();
    throw error;
  }
}

function toLockMetrics(metrics: Metrics): LockMetrics {
  return {
    granted: (count) => metrics.lockGrants.inc(count),
    expired: () => metrics.lockExpiries.inc(),
    conflicted: () => metrics.lockConflicts.inc(),
    waited: (seconds) => metrics.lockWaitSeconds.observe(seconds),
  };
}

/** When it is scraped. prom-client knows `collect` as an option of the constructor only. */
function reportLocks({ locksHeld, lockQueueLength }: Metrics, book: Pick<LockBook, 'counts'>): void {
  Object.assign(locksHeld, { collect: () => locksHeld.set(book.counts().held) });
  Object.assign(lockQueueLength, { collect: () => lockQueueLength.set(book.counts().longestQueue) });
}
