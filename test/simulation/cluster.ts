/**
 * Cluster: builds one simulated cluster with zen-lead in it. It has an API server, bridges and
 * functions, and every check attached.
 *
 * Guarantees: made from a seed alone. Keeps everything that a check needs to know about past
 * faults.
 */

import type { NodeHealthOptions } from '../../bridge/nodes/nodeHealth.ts';
import type { Bridge } from '../../bridge/startBridge.ts';
import { trustLimits } from '../../bridge/watch/watchTrust.ts';
import type { Report } from '../../functions/verdicts/verdictIntake.ts';
import type { ReconcileEvent } from '../../lib/events/reconcileEvent.ts';
import type { Sink } from '../../lib/events/sink.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { type ApiServer, createApiServer, type ObservedWrite } from './apiServer.ts';
import { type BridgeReplica, startBridgeReplica } from './bridgeReplica.ts';
import { checkNodeClaims } from './checks/checkNodes.ts';
import { createInFlight } from './checks/checkS5.ts';
import { createObservationLedger } from './checks/checkS10.ts';
import { createWriteChecks, type WriteChecks } from './checks/checkWrites.ts';
import { createClockLedger } from './clockLedger.ts';
import { describeWrite } from './describeWrite.ts';
import { createEtcd } from './etcd.ts';
import type { Fence } from './fence.ts';
import { type FunctionReplica, startFunctionReplica } from './functionReplica.ts';
import { type KubeObject, NAMESPACE } from './kubeObject.ts';
import { createNetwork, type Network } from './network.ts';
import {
  createSimulatedNodes,
  type NodeSettings,
  type SimulatedNodes,
  UNFIT_CONDITION,
} from './nodes/simulatedNodes.ts';
import { observeLease } from './observeLease.ts';
import { createPageStore, type PageStore } from './pageStore.ts';
import { createPodNetwork, type PodNetwork } from './podNetwork.ts';
import type { Random } from './random.ts';
import { createReadLedger, type ReadLedger } from './readLedger.ts';
import type { Process, Scheduler } from './scheduler.ts';
import { type BlindBy, createSenders } from './senders.ts';
import { createSimulatedKubeApi } from './simulatedKubeApi.ts';
import { createSimulatedSink } from './simulatedSink.ts';
import type { Verdict } from './verdict.ts';
import { createWatchLedger, type WatchLedger } from './watchLedger.ts';
import { createWatchServer, type WatchServer } from './watchServer.ts';

export interface ClusterOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly verdict: Verdict;
  readonly fence: Fence;
  readonly sources: readonly string[];
  readonly bridges: number;
  readonly functions: number;
  /** Clocks of processes are at most so far from the API server's, each way. */
  readonly maxSkewMs: number;
  /** What bridges watch; empty where it is the whole cluster. */
  readonly namespaces: readonly string[];
  /** One bridge sends first, the others hedge. Else all of them send. */
  readonly hasLease: boolean;
  /** Null where bridges watch none. */
  readonly nodes: NodeSettings | null;
}

/** `request` is such as `create services/db-leader`. */
export type IsForbidden = (actor: string, request: string) => boolean;

export interface Cluster {
  readonly server: ApiServer;
  readonly network: Network;
  readonly podNetwork: PodNetwork;
  readonly nodes: SimulatedNodes | null;
  readonly watchServer: WatchServer;
  readonly pages: PageStore;
  readonly checks: WriteChecks;
  readonly bridgeNames: readonly string[];
  readonly functionNames: readonly string[];
  setUp(isUp: boolean): void;
  /**
   * Whether what stands before the functions refuses every event, as a proxy does whose rules are
   * wrong.
   */
  setRefusing(isRefusing: boolean): void;
  /**
   * The API server answers 403 to the requests that `isForbidden` names, until null takes that
   * back. `why` distinguishes refusals of different origin.
   */
  setForbidden(why: string, isForbidden: IsForbidden | null): void;
  /** Takes back what `setForbidden` said, but for what is forbidden for good. */
  allowAll(): void;
  /** The API server answers 422 to every write of a function. */
  setRejecting(isRejecting: boolean): void;
  /**
   * For so long no write has come to the API server, bridges are ready, and no message is held
   * back. Never true of a restored etcd, where a silent watch may seem a quiet one.
   */
  isQuiet(forMs: number): boolean;
  /** The bridge that has last written the Lease; null where there is none. */
  holder(): string | null;
  processOf(name: string): Process | undefined;
  /** Kills the process of that name, if it lives, and starts another one. */
  restart(name: string): void;
  kill(name: string): void;
  setWatchLag(name: string, lagMs: number): void;
  /** For each request of this process the API server takes so long. */
  setSlow(name: string, slowMs: number): void;
  /** Requests arrive later than others, as this says of each. */
  holdRequests(heldMs: (request: string) => number): void;
  /** The wall clock of this process is set so far from the true time. */
  setClock(name: string, skewMs: number): void;
  /** A call of this caller arrives at that function. `onAnswer` gets its answer in one word. */
  report(name: string, caller: string, about: Report, onAnswer: (answer: string) => void): void;
  /** How often functions have written each object, also where that changed nothing. */
  functionWrites(): ReadonlyMap<string, number>;
  /** Every bridge is allowed to watch nodes, and has begun to. */
  watchesNodes(): boolean;
  /** No wall clock stands at another time than it was started with, nor has for so long. */
  areClocksRight(forMs?: number): boolean;
  /** From here on this bridge may assume a state so old without any means of knowing. */
  mayBeBlind(name: string, why: BlindBy, forMs: number): void;
}

/** From a change to the bridge that watches, and within processes. */
const ON_THE_WAY_MS = 500;
const FIRST_LISTS = 4;
/** Why the API server answers 403 to the end of the run. */
export const FOR_GOOD = 'for good';
function isReady({ status }: KubeObject): boolean {
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly { readonly status: string }[] };
  return conditions?.[0]?.status === 'True';
}

/** Writes that would only fill a trace. */
const unremarkable = new Set(['pods', 'events', 'leases']);

export function createCluster(options: ClusterOptions): Cluster {
  const { scheduler, random, verdict, fence, maxSkewMs } = options;
  const { now } = scheduler;
  const etcd = createEtcd(now);
  const network = createNetwork(random.fork(), now);
  const nodes =
    options.nodes === null
      ? null
      : createSimulatedNodes(options.nodes, { etcd, network, scheduler, isApiUp: () => isUp });
  const isDeadNode = (name: string | undefined): boolean => nodes?.isDead(name) === true;
  const podNetwork = createPodNetwork({ etcd, network, now, isDeadNode });
  const observations = createObservationLedger();
  const watchServer = createWatchServer(etcd, scheduler, random.fork());
  const pages = createPageStore(etcd, random.pick([2, 3, 500]));
  const skewRandom = random.fork();
  const processes = new Map<string, Process>();
  const bridges = new Map<string, BridgeReplica>();
  const functions = new Map<string, FunctionReplica>();
  const lags = new Map<string, number>();
  const refusals = new Map<string, IsForbidden>();
  const readLedgers = new Map<string, ReadLedger>();
  const slowness = new Map<string, number>();
  const senders = createSenders(options.hasLease, now);
  /** The namespace that objects are in, as bridges watch it. */
  const scope = options.namespaces.length === 0 ? '' : NAMESPACE;
  let isUp = true;
  let isRefusing = false;
  let isRejecting = false;
  let heldMs = (_request: string): number => 0;
  /**
   * Of the request that the API server carries out. Its way there is no process's fault.
   */
  let requestSentAt = 0;
  let starts = 0;
  let lastWriteAt = now();
  const clocks = createClockLedger(now);
  const functionWrites = new Map<string, number>();
  const wrongClocks = new Set<string>();
  /** When the last of them was set right. */
  let lastRightAt = Number.NEGATIVE_INFINITY;

  /** Infinity where this function has read nothing that it may decide on. */
  function readSince(actor: string, podsRevision: string | undefined): number {
    const setByMs = (from: number, until: number): number => clocks.setByMs(actor, from, until);
    return readLedgers.get(actor)?.readSince(podsRevision, requestSentAt, setByMs) ?? Number.POSITIVE_INFINITY;
  }

  const checks = createWriteChecks({
    etcd,
    observations,
    verdict,
    now,
    knownSince: (actor, podsRevision) =>
      Math.min(readSince(actor, podsRevision), clocks.builtSince(actor, requestSentAt)),
    oldestAt: (actor, podsRevision) => {
      const builtSince = clocks.builtSince(actor, requestSentAt);
      return Math.min(builtSince, readSince(actor, podsRevision)) - ON_THE_WAY_MS - senders.blindMs();
    },
    requestSentAt: () => requestSentAt,
    wallClockOf: (actor) => clocks.wallAt(actor, requestSentAt),
    clockDifferenceMs: clocks.functionsDifferMs,
    isSourceUid: (uid) => options.sources.some((name) => uid.startsWith(`ser-${name}-`)),
  });
  const server = createApiServer(
    etcd,
    now,
    (write: ObservedWrite) => {
      if (write.plural !== 'leases') lastWriteAt = now();
      if (write.plural === 'leases' && write.outcome === 'written') senders.hold(write.actor);
      if (!unremarkable.has(write.plural)) verdict.note(() => describeWrite(write));
      if (!write.actor.startsWith('function')) return;
      const target = `${write.plural}/${write.name}`;
      if (write.outcome === 'written' || write.outcome === 'unchanged')
        functionWrites.set(target, (functionWrites.get(target) ?? 0) + 1);
      checks.check(write);
    },
    mayEvict,
  );

  /** As a PodDisruptionBudget with `minAvailable: 1`. */
  function mayEvict(name: string): boolean {
    return etcd.list('pods').some((pod) => pod.metadata.name !== name && isReady(pod));
  }

  function apiOf(process: Process, ledger?: WatchLedger, nodeLedger?: WatchLedger): KubeApi {
    return createSimulatedKubeApi({
      process,
      scheduler,
      network,
      server,
      watchServer,
      pages,
      isUp: () => isUp,
      isForbidden: (request) => [...refusals.values()].some((isForbidden) => isForbidden(process.name, request)),
      isRejected: (request) =>
        isRejecting && process.name.startsWith('function') && /^(create|patch|delete) /.test(request),
      onArrival: (sentAt) => {
        requestSentAt = sentAt;
      },
      slowMs: () => slowness.get(process.name) ?? 0,
      heldMs: (request) => heldMs(request),
      watchLagMs: () => lags.get(process.name) ?? 0,
      ...(ledger !== undefined && { ledger }),
      ...(nodeLedger !== undefined && { nodeLedger }),
    });
  }

  function startBridgeProcess(process: Process): void {
    const ledger = createWatchLedger(process, now);
    const nodeLedger = createWatchLedger(process, now);
    const sent = new WeakSet<ReconcileEvent>();
    const inFlight = createInFlight(process.name);
    const onSent = (event: ReconcileEvent): (() => void) => {
      const { problem, onTold } = inFlight.sent(event, process.clock.now(), process.clock.monotonic());
      if (problem !== null) verdict.violate('S5', problem);
      if (ledger.size(scope) < FIRST_LISTS)
        verdict.violate('S8', `${process.name} sent an event before every list was complete`);
      const isFirstAttempt = !sent.has(event);
      sent.add(event);
      if (isFirstAttempt) observations.sent(event, now());
      if (isFirstAttempt) checkClaims(event, process.name, nodeLedger.cutForMs());
      if (isFirstAttempt && event.data.snapshot !== undefined && !senders.maySend(process.name))
        verdict.violate('lease', `${process.name} sent a snapshot of ${event.subject} and does not hold the Lease`);
      const why = isFirstAttempt && event.data.snapshot !== undefined ? ledger.whyStale(scope) : null;
      if (why !== null) verdict.violate('S8', `${process.name} sent a snapshot of ${event.subject}, but ${why}`);
      verdict.detail(
        () =>
          `${process.name} sends ${event.type} for ${event.subject}${event.data.snapshot === undefined ? ' (hint)' : ''}`,
      );
      return onTold;
    };
    const makeSink = (bridge: () => Bridge): Sink =>
      fence.wrapSink(
        createSimulatedSink({
          bridge: process,
          scheduler,
          network,
          random: random.fork(),
          functions: () => [...functions.values()],
          isRefusing: () => isRefusing,
          onSent,
          onAnswer: (event, answer) =>
            verdict.detail(() => `${process.name} hears ${answer} about ${event.type} for ${event.subject}`),
        }),
        bridge,
      );
    const setWithout = (isWithout: boolean): void => senders.setWithout(process.name, isWithout);
    const api = observeLease(apiOf(process, ledger, nodeLedger), scheduler, setWithout);
    starts += 1;
    const identity = options.hasLease ? `${process.name}-${starts}` : null;
    const bridgeRandom = random.fork();
    bridges.set(
      process.name,
      startBridgeReplica({
        process,
        api,
        random: bridgeRandom,
        makeSink,
        clock: fence.wrapClock(process.clock),
        podNetwork: podNetwork.networkOf(process),
        nodes: nodes === null ? undefined : nodeHealthOf(process, nodes),
        tuning: fence.tuning,
        namespaces: options.namespaces,
        identity,
        monotonicNow: now,
      }),
    );
  }

  function nodeHealthOf(process: Process, { checkPort, networkOf }: SimulatedNodes): NodeHealthOptions {
    return { checkPort, network: networkOf(process), unfitConditions: [UNFIT_CONDITION], ...fence.nodes };
  }

  /** `cutForMs`: how long its watch of Leases has been cut, which it relies on for 3 s more. */
  function checkClaims({ data }: ReconcileEvent, bridge: string, cutForMs: number): void {
    if (nodes === null) return;
    const problem = checkNodeClaims(data.observations?.nodes ?? [], {
      nodes,
      network,
      bridge,
      now: now(),
      blindMs: senders.blindMsOf(bridge) + Math.min(cutForMs, trustLimits.blindMs),
    });
    if (problem !== null) verdict.violate('nodes', problem);
  }

  function startFunctionProcess(process: Process): void {
    const onAnnounced = checks.announced;
    const ledger = readLedgers.get(process.name) ?? createReadLedger(now);
    readLedgers.set(process.name, ledger);
    const api = ledger.observe(apiOf(process));
    functions.set(process.name, startFunctionReplica({ process, api, network, scheduler, fence, onAnnounced }));
  }

  function setRight(name: string): void {
    if (wrongClocks.delete(name)) lastRightAt = now();
  }

  function kill(name: string): void {
    processes.get(name)?.kill();
    watchServer.end(name, () => null);
  }

  return {
    server,
    network,
    podNetwork,
    nodes,
    watchServer,
    pages,
    checks,
    bridgeNames: Array.from({ length: options.bridges }, (_, i) => `bridge-${i}`),
    functionNames: Array.from({ length: options.functions }, (_, i) => `function-${i}`),
    setUp(next) {
      isUp = next;
    },
    setRefusing(next) {
      isRefusing = next;
    },
    setForbidden(why, isForbidden) {
      if (isForbidden === null) refusals.delete(why);
      else refusals.set(why, isForbidden);
    },
    allowAll() {
      for (const why of refusals.keys()) if (why !== FOR_GOOD) refusals.delete(why);
    },
    setRejecting(next) {
      isRejecting = next;
    },
    isQuiet: (forMs) =>
      now() - lastWriteAt >= forMs &&
      etcd.history.era() === 1 &&
      !network.isHoldingBack() &&
      [...bridges.values()].every(({ bridge }) => bridge.readiness().ready),
    holder: senders.holder,
    processOf: (name) => processes.get(name),
    kill,
    restart(name) {
      kill(name);
      setRight(name);
      const skewMs = skewRandom.between(-maxSkewMs, maxSkewMs);
      const process = scheduler.startProcess(name, skewMs);
      clocks.set(name, skewMs);
      processes.set(name, process);
      if (name.startsWith('bridge')) startBridgeProcess(process);
      else startFunctionProcess(process);
    },
    setWatchLag: (name, lagMs) => lags.set(name, lagMs),
    setSlow: (name, slowMs) => slowness.set(name, slowMs),
    holdRequests(next) {
      heldMs = next;
    },
    setClock(name, skewMs) {
      clocks.set(name, skewMs);
      processes.get(name)?.setClock(skewMs);
      if (skewMs === 0) setRight(name);
      else wrongClocks.add(name);
    },
    report(name, caller, about, onAnswer) {
      const target = functions.get(name);
      target?.process.schedule(0, () => void target.report(caller, about).then(onAnswer));
    },
    functionWrites: () => functionWrites,
    watchesNodes: () =>
      nodes !== null && [...bridges.values()].every(({ bridge }) => bridge.readiness().reasons.length === 0),
    areClocksRight: (forMs = 0) => wrongClocks.size === 0 && now() - lastRightAt >= forMs,
    mayBeBlind: senders.blind,
  };
}
