/**
 * createHealthChecks: runs the health checks that Services ask for. It gives the prober the pods
 * to ask in which order, and the rest of the bridge what became of it.
 *
 * Guarantees: a Service without a check costs nothing. Only an address of `status.podIPs` of a pod
 * that the Service selects is asked, and none on the host network unless that is allowed. A
 * reconcile waits for no probe (S12): it is queued before the prober gets the same change.
 */

import { buildSnapshot } from '../../lib/selection/buildSnapshot.ts';
import { REPEAT_MS } from '../../lib/selection/healthCheck.ts';
import { type LinePlace, lineOf } from '../../lib/selection/line.ts';
import type { Observations } from '../../lib/selection/observation.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import { judgedCheck } from '../../lib/selection/roleCheck.ts';
import { type ResourceVersion, serviceKey, type Uid } from '../../lib/selection/snapshot.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { unnamed } from '../../lib/telemetry/serviceSeries.ts';
import type { Clock } from '../clock.ts';
import { onScrape } from '../gauges.ts';
import { type AddressPolicy, podAddressesOnly } from '../probes/addressPolicy.ts';
import { network, type ProbeNetwork } from '../probes/network.ts';
import type { ProbeResult } from '../probes/probe.ts';
import { createProber } from '../probes/prober.ts';
import type { Standing } from '../probes/standing.ts';
import type { Source } from '../queue/concern.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { Observer, VerdictChange } from './observer.ts';

export interface HealthCheckOptions {
  readonly probeHostNetwork: boolean;
  readonly maxProbesPerSecond: number;
  /** Which addresses may be asked. For programs that bring their own pods; no flag opens it. */
  readonly mayProbe?: AddressPolicy;
  readonly network?: ProbeNetwork;
}

interface HealthCheckContext {
  /** Names this process in what it observed. */
  readonly observer: string;
  readonly store: LeaderStore;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly log: Logger;
  noteVerdict(change: VerdictChange): void;
}

export interface HealthChecks extends Observer {
  /** Something about this Service may have changed, and the store knows it. */
  refresh(source: Source): void;
  close(): void;
}

/** `lineOf` compares no versions, and the watches have theirs. */
const noRevision = '' as ResourceVersion;
const noRevisions = { pods: noRevision, services: noRevision, slices: noRevision };

export function createHealthChecks(options: HealthCheckOptions, context: HealthCheckContext): HealthChecks {
  const { store, clock, metrics, log } = context;
  const mayProbe = options.mayProbe ?? podAddressesOnly;
  /** Pods that are not asked, by key, so that each is logged once. */
  const refused = new Map<string, ReadonlySet<string>>();
  const sourceOf = new Map<string, Source>();

  const prober = createProber({
    clock,
    random: context.random,
    network: options.network ?? network,
    mayProbe,
    maxProbesPerSecond: options.maxProbesPerSecond,
    repeatMs: REPEAT_MS,
    onResult(key, result, seconds) {
      const source = sourceOf.get(key);
      if (source === undefined) return;
      metrics.healthChecks.inc({ namespace: source.namespace, service: source.name, result: resultLabel(result) });
      metrics.healthCheckSeconds.observe(seconds);
    },
    onVerdict(key, uid, standing, before) {
      const { verdict, role } = standing;
      const source = sourceOf.get(key);
      const podName = source === undefined ? undefined : podNameOf(source, uid);
      if (source === undefined || podName === undefined || verdict === null) return;
      noteChange({ ...source, podName }, standing, before);
      const change = { source, podName, podUid: toUid(uid), verdict, ...(role !== null && { role }) };
      // Withdrawn verdicts cause nothing; they are reported when they are back.
      if (!prober.isSuspended()) context.noteVerdict(change);
    },
    onSuspended(isSuspended) {
      metrics.healthChecksSuspended.set(isSuspended ? 1 : 0);
      const { size: services } = sourceOf;
      if (isSuspended)
        log.warn({ services }, 'more than half of the leaders fail at once, health checks are suspended');
      else log.info({ services }, 'health checks count again');
      for (const source of sourceOf.values()) noteStanding(source);
    },
  });
  onScrape(metrics.healthTargets, () => {
    for (const [verdict, count] of Object.entries(prober.count())) metrics.healthTargets.set({ verdict }, count);
  });
  onScrape(metrics.primaries, () => {
    let rest: number | null = null;
    let named = 0;
    for (const [key, { namespace, name }] of sourceOf) {
      const primaries = prober.primariesOf(key);
      if (primaries === null) continue;
      if (++named <= metrics.services.limit) metrics.primaries.set({ namespace, service: name }, primaries);
      else rest = Math.max(rest ?? 0, primaries);
    }
    if (rest !== null) metrics.primaries.set(unnamed, rest);
  });
  onScrape(metrics.healthIntervalStretch, () => metrics.healthIntervalStretch.set(prober.stretch()));

  function noteChange(
    { namespace, name: service, podName: pod }: Source & { readonly podName: string },
    { verdict, role, detail }: Standing,
    before: Standing,
  ): void {
    const line = {
      namespace,
      service,
      pod,
      verdict,
      ...(role !== null && { role }),
      ...(detail !== null && { detail }),
    };
    const isOtherVerdict = before.verdict !== null && verdict !== null && before.verdict !== verdict;
    const isOtherRole = before.role !== null && role !== null && before.role !== role;
    if (isOtherVerdict) metrics.healthVerdictChanges.inc({ verdict });
    if (isOtherRole) metrics.roleChanges.inc({ namespace, service, role });
    if (isOtherRole) log.info(line, 'a pod says that it has another role');
    else if (isOtherVerdict) log.info(line, 'a health check has another verdict on a pod');
    else log.debug(line, 'a health check has a verdict on a pod that counts from now on');
  }

  function podNameOf({ namespace, name }: Source, uid: string): string | undefined {
    for (const pod of store.namespace(namespace).pods.members(name).values()) if (pod.uid === uid) return pod.name;
    return undefined;
  }

  /** Where a verdict decides, the Service needs a reconcile without it, and then with it. */
  function noteStanding(source: Source): void {
    const key = serviceKey(source.namespace, source.name);
    const index = store.namespace(source.namespace);
    const routes = [...index.routes(source.name).values()];
    const leaders = routes.flatMap((routed) => routed ?? []);
    const isLeader = ({ uid }: { readonly uid: string }): boolean => leaders.some((each) => each.uid === uid);
    const isPassing = ({ uid }: { readonly uid: string }): boolean => prober.verdictOf(key, uid) === 'passing';
    const pods = [...index.pods.members(source.name).values()];
    const primary = pods.find(({ uid }) => prober.roleOf(key, uid) === 'primary');
    const failing = leaders.find(({ uid }) => prober.verdictOf(key, uid) === 'failing');
    // Of several elections, one may wait for a pod that passes.
    const isMissing = leaders.length === 0 || routes.includes(null);
    const free = isMissing ? pods.find((each) => isPassing(each) && !isLeader(each)) : undefined;
    const pod = primary ?? failing ?? free ?? leaders[0];
    const verdict = pod === undefined ? null : prober.verdictOf(key, pod.uid);
    if (pod === undefined || verdict === null) return;
    const role = prober.roleOf(key, pod.uid);
    const isAsWanted = isLeader(pod) && verdict === 'passing' && role !== 'other';
    if (isAsWanted) return;
    context.noteVerdict({ source, podName: pod.name, podUid: toUid(pod.uid), verdict, ...(role !== null && { role }) });
  }

  function stop(key: string): void {
    if (!prober.has(key)) return;
    prober.remove(key);
    sourceOf.delete(key);
    refused.delete(key);
  }

  function mayAsk(source: Source, { name, address }: LinePlace): boolean {
    const pod = store.namespace(source.namespace).pods.byName.get(name);
    return pod !== undefined && (options.probeHostNetwork || pod.hostNetwork !== true) && mayProbe(address);
  }

  function noteRefused(source: Source, key: string, places: readonly LinePlace[]): void {
    const known = refused.get(key);
    for (const { name, uid, address } of places)
      if (known?.has(uid) !== true) {
        const { namespace, name: service } = source;
        log.warn(
          { namespace, service, pod: name, address },
          'a health check does not ask this pod: it is on the host network, or its address is none of a pod',
        );
      }
    if (places.length > 0) refused.set(key, new Set(places.map(({ uid }) => uid)));
    else refused.delete(key);
  }

  return {
    refresh(source) {
      const { namespace, name } = source;
      const key = serviceKey(namespace, name);
      const index = store.namespace(namespace);
      const service = index.services.byName.get(name);
      if (service === undefined || judgedCheck(service.annotations) === undefined || !isOptedIn(service)) {
        stop(key);
        return;
      }
      const snapshot = buildSnapshot({ ...index.stateOf(name), namespace, revisions: noRevisions });
      const line = lineOf(snapshot, clock.now());
      if (line === null) {
        stop(key);
        return;
      }
      sourceOf.set(key, { namespace, name });
      const places = Map.groupBy(line.pods, (place) => mayAsk(source, place));
      const asked = places.get(true) ?? [];
      noteRefused(source, key, places.get(false) ?? []);
      const routed = new Set([...index.routes(name).values()].map((each) => each?.uid));
      // Of several leaders, the others come first in the line.
      const [leader = null, ...leaders] = asked.filter(({ uid }) => routed.has(uid));
      prober.update({
        key,
        check: line.check,
        leader,
        line: [...leaders, ...asked.filter(({ uid }) => !routed.has(uid))],
      });
    },
    observationsOf({ namespace, name }) {
      const pods = prober.observationsOf(serviceKey(namespace, name));
      if (pods === null) return undefined;
      const observations: Observations = {
        observer: context.observer,
        pods: pods.map(({ uid, ...pod }) => ({ uid: toUid(uid), ...pod })),
      };
      return observations;
    },
    close: prober.close,
  };
}

/** The prober keeps what it was given. */
function toUid(uid: string): Uid {
  return uid as Uid;
}

/** Without the status numbers, which a target chooses: each would be a series. */
function resultLabel(result: ProbeResult): string {
  if (result.kind !== 'failed') return result.kind;
  return result.detail.replace(/-\d+$/, '');
}
