/**
 * startBridge: watches the cluster and sends an event for each change that may concern the leader
 * of a Service. docs/architecture.md#bridge
 *
 * Guarantees: no event about a namespace leaves before every list of it is complete. Then every
 * source of it is reconciled once, those without a fit leader first, and every 30 s again. Of
 * several namespaces each is listed, watched and served for itself. Nothing that the sink does
 * holds a watch up.
 */

import { hostname } from 'node:os';
import type { ReconcileEvent } from '../lib/events/reconcileEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import type { PodView, Snapshot } from '../lib/selection/snapshot.ts';
import { systemClock } from './clock.ts';
import type { LeaderChange } from './leaders/affected.ts';
import { createHealthChecks, type HealthCheckOptions, type HealthChecks } from './leaders/healthChecks.ts';
import { createLeaderDomain } from './leaders/leaderDomain.ts';
import { registerLeaderGauges } from './leaders/leaderGauges.ts';
import type { LeaderStore } from './leaders/leaderStore.ts';
import type { Observer, VerdictChange } from './leaders/observer.ts';
import type { Source } from './queue/concern.ts';
import { type DomainOptions, type RunningDomain, startDomain } from './startDomain.ts';
import type { ObjectChange } from './watch/reflectorStore.ts';

export interface BridgeOptions extends DomainOptions<ReconcileEvent, ReplyEvent> {
  /** How this process runs the health checks that Services ask for. Absent where it runs none. */
  readonly checks?: HealthCheckOptions | undefined;
  /** What another one's health checks say, where this process runs none. */
  readonly observer?: Observer | undefined;
  /** Every change of a pod, also before the lists are complete. */
  readonly onPod?: ((change: ObjectChange<PodView>) => void) | undefined;
}

export interface Bridge extends Pick<RunningDomain<LeaderChange>, 'readiness' | 'close'> {
  readonly store: LeaderStore;
  /**
   * Every Service to reconcile, opted in or with one of our objects left, in the namespaces whose
   * lists are complete.
   */
  sources(): readonly Source[];
  isSource(source: Source): boolean;
  /** One Service as an event would carry it now. */
  snapshotOf(source: Source): Snapshot;
  /** What the store holds of this namespace is what the API server had a moment ago. */
  isFresh(namespace: string): boolean;
  /** Reconciles the Service of a check whose verdict on a pod is new. */
  noteVerdict(change: VerdictChange): void;
}

export function startBridge(options: BridgeOptions): Bridge {
  const { metrics, clock = systemClock } = options;
  let checks: HealthChecks | null = null;
  const observer: Observer = options.observer ?? { observationsOf: (source) => checks?.observationsOf(source) };
  const leaders = createLeaderDomain(clock.now, observer, options.onPod);
  const running = startDomain(leaders, {
    ...options,
    onConcern(source) {
      options.onConcern?.(source);
      checks?.refresh(source);
    },
  });
  registerLeaderGauges(metrics, leaders.store, clock, running);

  function noteVerdict(change: VerdictChange): void {
    if (running.isSynced(change.source.namespace)) running.note(leaders.toVerdict(change));
  }
  if (options.checks !== undefined) {
    const { random = Math.random, lease, log } = options;
    const names = { observer: lease?.identity ?? hostname() };
    const { store } = leaders;
    checks = createHealthChecks(options.checks, { ...names, store, clock, random, metrics, log, noteVerdict });
  }
  return {
    store: leaders.store,
    sources: () => leaders.store.sources().filter(({ namespace }) => running.isSynced(namespace)),
    isSource: ({ namespace, name }) => running.isSynced(namespace) && leaders.store.namespace(namespace).isSource(name),
    snapshotOf: (source) => leaders.snapshotOf(source, running),
    isFresh: (namespace) => running.isSynced(namespace) && running.isFresh(namespace),
    noteVerdict,
    readiness: running.readiness,
    close() {
      checks?.close();
      return running.close();
    },
  };
}
