/**
 * Makes the metrics of zen-lead, in one registry a process. Names and labels are the Go zen-lead's
 * where they mean the same, so that dashboards carry over. A label never holds a pod's name.
 *
 * Histograms carry no name of a Service, because each costs 16 series for each set of labels.
 * serviceSeries.ts bounds the counters and gauges that do.
 *
 * Functions count and time. Gauges about Services come from the bridge, because in scaled functions
 * they would go stale and double.
 */

import { getHeapStatistics } from 'node:v8';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createServiceSeries } from './serviceSeries.ts';

const service = ['namespace', 'service'] as const;
/** `election` only where a Service has several: Prometheus takes an empty label for none. */
const election = [...service, 'election'] as const;
/** Seconds, 1 ms to 10 s: from one write on loopback to a cold start. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface MetricsOptions {
  /** How many Services have series of their own; every one where it is absent. */
  readonly perServiceLimit?: number;
}

export function createMetrics({ perServiceLimit = Number.POSITIVE_INFINITY }: MetricsOptions = {}) {
  const services = createServiceSeries(perServiceLimit);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `zen_lead_${name}`, help, labelNames, registers });
  /** Of one Service or namespace: bounded, and dropped with it. */
  const boundCounter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    services.bound(counter(name, help, labelNames));
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `zen_lead_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name: `zen_lead_${name}`, help, labelNames, buckets: latencyBuckets, registers });

  const metrics = {
    registry,
    services,
    buildInfo: gauge('build_info', 'Always 1; the labels say which build runs.', ['version', 'commit', 'build_date']),
    heapLimitBytes: gauge('heap_limit_bytes', 'What the heap of this process may grow to.', []),
    eventLagSeconds: histogram(
      'event_lag_seconds',
      'From the change that the bridge saw to when it was sent, decided on, and written, by stage.',
      ['stage'],
    ),

    // functions: reconciles and decisions
    reconciliations: boundCounter('reconciliations_total', 'Reconciles of a Service, by result (success, error).', [
      ...service,
      'result',
    ]),
    reconciliationSeconds: histogram(
      'reconciliation_duration_seconds',
      'Time of one reconcile, from the event to the last write.',
      ['result'],
    ),
    reconciliationErrors: boundCounter('reconciliation_errors_total', 'Reconciles that failed, by error code.', [
      ...service,
      'error_type',
    ]),
    selectionAttempts: boundCounter(
      'leader_selection_attempts_total',
      'Times the rules were applied to a Service.',
      service,
    ),
    failovers: boundCounter('failover_count_total', 'Leader changes from one pod to another or to none, by reason.', [
      ...election,
      'reason',
    ]),
    failoverSeconds: histogram(
      'failover_latency_seconds',
      'From the change that the bridge saw to the acknowledged write of the route.',
      ['reason'],
    ),
    stickyHits: boundCounter(
      'sticky_leader_hits_total',
      'Reconciles at which the leader was still fit and stayed.',
      election,
    ),
    stickyMisses: boundCounter(
      'sticky_leader_misses_total',
      'Reconciles at which there was a leader and it could not stay.',
      election,
    ),
    portResolutionFailures: boundCounter(
      'port_resolution_failures_total',
      'Named target ports that the chosen pod does not have; with ports-mode strict: that no fit pod has.',
      [...service, 'port_name'],
    ),
    endpointWriteErrors: boundCounter(
      'endpoint_write_errors_total',
      'Writes of an EndpointSlice that the API refused.',
      service,
    ),
    retryAttempts: boundCounter('retry_attempts_total', 'Further attempts after a conflict, by attempt number.', [
      ...service,
      'operation',
      'attempt',
    ]),
    retrySuccess: boundCounter(
      'retry_success_after_retry_total',
      'Operations that worked after at least one conflict.',
      [...service, 'operation'],
    ),
    cacheHits: boundCounter('cache_hits_total', 'Reconciles that decided on the store of the bridge, without a read.', [
      'namespace',
    ]),
    cacheMisses: boundCounter('cache_misses_total', 'Reconciles that read the state themselves.', ['namespace']),
    hints: counter('hints_total', 'Reconciles that read the state themselves, by why the snapshot was not used.', [
      'reason',
    ]),
    warnings: boundCounter('warnings_total', 'Warnings about what a user wrote or what is in the way, by reason.', [
      ...service,
      'reason',
    ]),
    writesHeldBack: counter(
      'writes_held_back_total',
      'Writes put off because the same write before did not stay: something else changes the object.',
      ['resource'],
    ),
    refusedRequests: counter('refused_requests_total', 'Requests answered with 4xx, by error code.', ['code']),
    coldStartSeconds: histogram(
      'cold_start_seconds',
      'From the start of a process to its first decision, where the event is older than the process: it waited.',
      [],
    ),

    // lib/kube: API calls
    apiCallSeconds: histogram('api_call_duration_seconds', 'Calls to the Kubernetes API.', ['operation', 'result']),
    timeouts: boundCounter('timeout_occurrences_total', 'Calls that had no answer in time.', [
      'namespace',
      'operation',
    ]),

    // bridge: the state of the world
    podsAvailable: gauge('pods_available', 'Ready pods that the source selects.', service),
    candidates: gauge('candidates', 'Pods that the source selects, Ready or not.', service),
    leaderSeconds: gauge('leader_duration_seconds', 'How long the leader has been the leader.', election),
    leaderPodAgeSeconds: gauge('leader_pod_age_seconds', 'Age of the leader pod.', election),
    leaderStable: gauge('leader_stable', '1 while the leader routed to is fit.', election),
    withoutEndpoints: gauge(
      'leader_service_without_endpoints',
      '1 while the leader Service routes to no pod.',
      election,
    ),
    role: gauge('role', 'Pods of an election by role (leader, follower, unfit).', [...election, 'role']),
    leaderServices: gauge('leader_services_total', 'Leader Services.', ['namespace']),
    slices: gauge('endpointslices_total', 'EndpointSlices of leader Services.', ['namespace']),
    cacheSize: gauge('cache_size', 'Pods in the store of the bridge.', ['namespace']),

    // bridge: health checks
    healthChecks: boundCounter('health_checks_total', 'Probes of pods, by result (passed, void, or why not).', [
      ...service,
      'result',
    ]),
    healthCheckSeconds: histogram('health_check_seconds', 'Time of one probe of a pod, to its result.', []),
    demotions: boundCounter(
      'demotions_total',
      'Pods that were ended after they were left, or were to be, by outcome (evicted, deleted, gone, refused).',
      [...service, 'outcome'],
    ),
    scales: boundCounter(
      'scales_total',
      'Changes of `scale` of a workload, by direction (down, up). A Service with scale-down.',
      [...service, 'direction'],
    ),
    wantedReplicas: gauge(
      'wanted_replicas',
      'Replicas that the workload of a Service with scale-down should have now, once zen-lead wants a number. An HPA may scale by it.',
      service,
    ),
    verdictsRecorded: boundCounter(
      'verdicts_recorded_total',
      'Verdicts of callers from outside that were recorded, by what they say (fit, unfit).',
      [...service, 'verdict'],
    ),
    healthVerdictChanges: counter(
      'health_verdict_changes_total',
      'Verdicts on pods that changed, by the new one. The first verdict on a pod is no change.',
      ['verdict'],
    ),
    roleChanges: boundCounter(
      'role_changes_total',
      'Roles of pods that changed, by the new one (primary, other). The first role of a pod is no change.',
      [...service, 'role'],
    ),
    primaries: gauge(
      'primaries',
      'Pods that say that they are the primary, of a Service with a role check. Each bridge asks for itself.',
      service,
    ),
    healthTargets: gauge('health_targets', 'Pods that are probed, by verdict (passing, failing, unknown).', [
      'verdict',
    ]),
    healthChecksSuspended: gauge(
      'health_checks_suspended',
      '1 while every verdict is withdrawn, because so many leaders fail at once that the bridge itself seems cut off.',
      [],
    ),
    healthIntervalStretch: gauge(
      'health_interval_stretch',
      'By how much the intervals of health checks are longer than asked for; 1 where there is room for all.',
      [],
    ),

    // bridge: nodes
    nodes: gauge('nodes', 'Nodes of the cluster, by state (alive, silent, unfit, cordoned, unknown).', ['state']),
    nodeVerdictsVoid: counter(
      'node_verdicts_void_total',
      'Nodes that seemed silent and were not believed to be, by reason (stale, mass, none-fresh).',
      ['reason'],
    ),

    // bridge: watching and delivering
    watchStalenessSeconds: gauge(
      'watch_staleness_seconds',
      'Time since the watch last delivered anything, bookmarks included.',
      ['resource'],
    ),
    unreadableObjects: gauge(
      'unreadable_objects',
      'Objects whose present state cannot be read; the last that could be read counts.',
      ['resource'],
    ),
    relists: counter('relists_total', 'Full lists after the first, by why.', ['resource', 'reason']),
    missedEvents: counter(
      'missed_events_total',
      'Changes that a full list found and no watch event had told. Two changes of one object in the gap are one.',
      ['resource', 'type'],
    ),
    cacheUpdateSeconds: histogram(
      'cache_update_duration_seconds',
      'Time of a full list, from the request until the store has all of it.',
      ['resource'],
    ),
    watchEvents: counter('watch_events_total', 'Watch events received.', ['resource', 'type']),
    queueDepth: gauge('queue_depth', 'Services waiting for a reconcile, by lane.', ['lane']),
    queueLimit: gauge('queue_limit', 'How many Services may wait before those of the lowest lane are put off.', []),
    queueAgeSeconds: gauge('queue_oldest_seconds', 'How long the oldest waiting Service has waited.', []),
    deliveries: counter('deliveries_total', 'Events handed to the functions, by HTTP status (0: no answer).', [
      'status',
    ]),
    deliverySeconds: histogram('delivery_duration_seconds', 'From sending an event to its answer.', []),
    deadLetters: counter('dead_letters_total', 'Events given up, by reason.', ['reason']),
    leaseHolder: gauge('lease_holder', '1 while this bridge sends first: it holds the Lease, or needs none.', []),
    hedges: counter(
      'hedged_hints_total',
      'Hints sent because the bridge that sends first had not settled a change in time.',
      [],
    ),
    circuitOpen: gauge('circuit_open', '1 while the circuit breaker before a failing sink is open.', []),

    // api: requests and locks
    apiRefusedRequests: counter(
      'api_refused_requests_total',
      'Requests to the api answered with 4xx, by code; SLOW_READER for a stream that was cut.',
      ['code'],
    ),
    lockGrants: counter('lock_grants_total', 'Locks that this replica granted.', []),
    lockExpiries: counter('lock_expiries_total', 'Grants that this replica ended because their time was over.', []),
    lockConflicts: counter('lock_conflicts_total', 'Writes of a lock that met the write of another replica.', []),
    lockWaitSeconds: histogram('lock_wait_seconds', 'How long clients waited for a lock that they then got.', []),
    locksHeld: gauge('locks_held', 'Locks that are held, as every replica sees them.', []),
    lockQueueLength: gauge(
      'lock_queue_length',
      'Waiters of the lock that has the most, as every replica sees them.',
      [],
    ),
  };
  metrics.heapLimitBytes.set(getHeapStatistics().heap_size_limit);
  // From the start, so that `increase()` sees the first one, which may be the only one for long.
  for (const resource of ['services', 'endpointslices']) metrics.writesHeldBack.inc({ resource }, 0);
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;
