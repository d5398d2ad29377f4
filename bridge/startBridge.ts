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
import type { Observations } from '../lib/selection/observation.ts';
import type { PodView, Snapshot } from '../lib/selection/snapshot.ts';
import { systemClock } from './clock.ts';
import type { LeaderChange } from './leaders/affected.ts';
import { createHealthChecks, type HealthCheckOptions, type HealthChecks } from './leaders/healthChecks.ts';
import { createLeaderDomain } from './leaders/leaderDomain.ts';
import { registerLeaderGauges } from './leaders/leaderGauges.ts';
import type { LeaderStore } from './leaders/leaderStore.ts';
import { createNodeChecks, type NodeChecks } from './leaders/nodeChecks.ts';
import type { Observer, VerdictChange } from './leaders/observer.ts';
import type { NodeHealthOptions } from './nodes/nodeHealth.ts';
import type { Source } from './queue/concern.ts';
import { type DomainOptions, type RunningDomain, startDomain } from './startDomain.ts';
import type { ObjectChange } from './watch/reflectorStore.ts';

export interface BridgeOptions extends DomainOptions<ReconcileEvent, ReplyEvent> {
  /** How this process runs the health checks that Services ask for. Absent where it runs none. */
  readonly checks?: HealthCheckOptions | undefined;
  /** How this process watches nodes. Absent where it does not. */
  readonly nodes?: NodeHealthOptions | undefined;
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
  /** What this bridge saw of the pods and nodes of one Service; undefined where it saw nothing. */
  observationsOf(source: Source): Observations | undefined;
  /** What the store holds of this namespace is what the API server had a moment ago. */
  isFresh(namespace: string): boolean;
  /** Reconciles the Service of a check whose verdict on a pod is new. */
  noteVerdict(change: VerdictChange): void;
  /** The API server has answered whether nodes may be watched, where they should be. */
  readonly nodesAsked: Promise<unknown>;
}

export function startBridge(options: BridgeOptions): Bridge {
  const { metrics, clock = systemClock } = options;
  let checks: HealthChecks | null = null;
  let nodes: NodeChecks | null = null;
  const observerName = options.lease?.identity ?? hostname();
  const observer: Observer = options.observer ?? {
    observationsOf(source) {
      const seen = checks?.observationsOf(source);
      const seenNodes = nodes?.nodesOf(source);
      if (seenNodes === undefined) return seen;
      return { observer: observerName, pods: [], ...seen, nodes: seenNodes };
    },
  };
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
  const { api, random = Math.random, log } = options;
  const parts = { store: leaders.store, clock, random, metrics, log };
  if (options.checks !== undefined)
    checks = createHealthChecks(options.checks, { ...parts, observer: observerName, noteVerdict });
  if (options.nodes !== undefined)
    nodes = createNodeChecks(options.nodes, {
      ...{ ...parts, api, tuning: options.tuning?.watches },
      noteNode(change) {
        if (running.isSynced(change.source.namespace)) running.note({ of: 'Node', change });
      },
    });
  return {
    store: leaders.store,
    sources: () => leaders.store.sources().filter(({ namespace }) => running.isSynced(namespace)),
    isSource: ({ namespace, name }) => running.isSynced(namespace) && leaders.store.namespace(namespace).isSource(name),
    snapshotOf: (source) => leaders.snapshotOf(source, running),
    observationsOf: (source) => observer.observationsOf(source),
    isFresh: (namespace) => running.isSynced(namespace) && running.isFresh(namespace),
    noteVerdict,
    nodesAsked: nodes?.asked ?? Promise.resolve(),
    readiness() {
      const { ready, reasons } = running.readiness();
      // The leaders are served without them.
      return { ready, reasons: [...reasons, ...(nodes?.lacks() ?? [])] };
    },
    async close() {
      checks?.close();
      await Promise.all([nodes?.close(), running.close()]);
    },
  };
}
