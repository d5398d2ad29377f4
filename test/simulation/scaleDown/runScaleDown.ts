/**
 * runScaleDown: bridges and functions, those that we ship, scale a workload of a simulated cluster
 * down and back.
 *
 * The scheduler delays, loses and doubles requests, answers, events and watch lines. It kills,
 * freezes and restarts processes. Users change what they want. Then all is well: the workload comes
 * down to what is asked for, unless no pod would surely survive; and after an opt-out everything is
 * as it was.
 */

import { startBridge } from '../../../bridge/startBridge.ts';
import { createAnnouncer } from '../../../functions/announce/announce.ts';
import { createReconcilerSink } from '../../../functions/inProcessSink.ts';
import { createReconciler } from '../../../functions/reconcile/reconciler.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { parseScaleRecord } from '../../../lib/selection/scaleRecord.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { T0 } from '../../support/objects/builders.ts';
import { createApiServer, type ObservedWrite } from '../apiServer.ts';
import { createCrew } from '../crew.ts';
import { createEtcd } from '../etcd.ts';
import { startGarbageCollector } from '../garbageCollector.ts';
import { annotationOf } from '../kubeObject.ts';
import { sourceManifest } from '../manifests.ts';
import { createNetwork, drawConditions, perfectConditions } from '../network.ts';
import { createPageStore } from '../pageStore.ts';
import { createRandom } from '../random.ts';
import { createScheduler, type Process } from '../scheduler.ts';
import { sharedMetrics } from '../sharedMetrics.ts';
import { createSimulatedKubeApi, willing } from '../simulatedKubeApi.ts';
import { createSimulatedSink, type Receiver, unseen } from '../simulatedSink.ts';
import { createWatchServer } from '../watchServer.ts';
import { withoutStacks } from '../withoutStacks.ts';
import { createScaleChecks } from './scaleChecks.ts';
import { listTroubles } from './scaleTroubles.ts';
import { specOf, startWorkloadControllers } from './workloadControllers.ts';

/** What one protection less is: production code has no such switch. */
export interface ScaleFence {
  readonly wrapApi?: (api: KubeApi) => KubeApi;
  /** What strikes each second function right before its write. Else some runs have a bit of all. */
  readonly strike?: 'scale' | 'loseLeader';
  /** Called with each write. `at`: milliseconds of the run. */
  readonly onWrite?: (write: ObservedWrite, at: number) => void;
}

export interface ScaleRun {
  readonly violations: readonly string[];
  readonly down: number;
  readonly up: number;
  readonly steps: number;
}

const SOURCE = 'db';
/** Longer than a claim. */
const LONGEST_HALT_MS = 45_000;
const STRIKE_RATE = 0.15;
const TROUBLED_MS = 90_000;
/** A claim (20 s), a message that was held back (45 s), a resync (30 s), and a rollout. */
const CALM_MS = 180_000;

export function runScaleDown(seed: number, fence: ScaleFence = {}): Promise<ScaleRun> {
  return withoutStacks(() => run(seed, fence));
}

async function run(seed: number, { wrapApi = (each) => each, onWrite, ...fence }: ScaleFence): Promise<ScaleRun> {
  const random = createRandom(seed);
  const scheduler = createScheduler(T0);
  const etcd = createEtcd(scheduler.now);
  let sentAt = T0;
  const checks = createScaleChecks({
    etcd,
    source: SOURCE,
    now: scheduler.now,
    sentAt: () => sentAt,
    controllers: () => controllers,
  });
  let isStarted = false;
  const server = createApiServer(etcd, scheduler.now, (write) => {
    onWrite?.(write, scheduler.now() - T0);
    if (isStarted) checks.onWrite(write);
  });
  const kind = random.pick(['Deployment', 'Deployment', 'StatefulSet'] as const);
  const replicas = 2 + random.below(3);
  const controllers = startWorkloadControllers({ server, scheduler, random: random.fork(), kind, replicas });
  isStarted = true;
  startGarbageCollector(server, scheduler, random.fork());
  const network = createNetwork(random.fork(), scheduler.now);
  const watchServer = createWatchServer(etcd, scheduler, random.fork());
  const pages = createPageStore(etcd, 3);
  const troubles = listTroubles({ server, scheduler, random: random.fork(), source: SOURCE, controllers });
  const strikeRate = fence.strike !== undefined ? 0.5 : random.chance(0.5) ? STRIKE_RATE : 0;
  let processes = 0;

  const noteSent = (at: number): void => {
    sentAt = at;
  };
  const connect = (process: Process): KubeApi =>
    createSimulatedKubeApi({
      ...willing,
      ...{ process, scheduler, network, server, watchServer, pages, onArrival: noteSent },
    });

  function startProcess(half: 'function' | 'bridge'): Process {
    processes += 1;
    return scheduler.startProcess(`${half}-${processes}`, random.between(-300, 300));
  }

  /** What happens right between the last looks of a function and its write. */
  function troubleBeforeWrite(api: KubeApi, process: Process): KubeApi {
    const halt = (): void => {
      process.freeze();
      scheduler.schedule(random.between(500, LONGEST_HALT_MS), process.thaw);
    };
    // Meanwhile the other function moves the leader, and no longer wants to scale.
    const haltAndLose = (): void => {
      process.freeze();
      scheduler.schedule(random.between(6_000, 15_000), process.thaw);
      troubles.loseLeader();
    };
    const strike = (): void => {
      const isStriking = scheduler.now() < T0 + TROUBLED_MS && process.isAlive() && !process.isFrozen();
      if (!isStriking || !random.chance(strikeRate)) return;
      if (fence.strike !== undefined) troubles[fence.strike]();
      else random.pick([halt, haltAndLose, ...troubles.aimed])();
    };
    return {
      ...api,
      get(resource, ...rest) {
        if (resource.plural === 'endpointslices') scheduler.schedule(random.between(0, 10), strike);
        return api.get(resource, ...rest);
      },
      list(resource, namespace, query, signal) {
        if (resource.plural === 'pods') scheduler.schedule(random.between(0, 10), strike);
        return api.list(resource, namespace, query, signal);
      },
    };
  }

  function startFunction(): Receiver {
    const process = startProcess('function');
    const { now } = process.clock;
    const timeoutSignal = (timeoutMs: number): AbortSignal => {
      const controller = new AbortController();
      process.schedule(timeoutMs, () => controller.abort());
      return controller.signal;
    };
    const api = wrapApi(strikeRate > 0 ? troubleBeforeWrite(connect(process), process) : connect(process));
    const shared = { api, clusterName: 'simulated', metrics: sharedMetrics, log: silentLogger, now, timeoutSignal };
    const reconciler = createReconciler({
      ...shared,
      announcer: createAnnouncer({ ...shared, eventsSink: undefined }),
      scaleDown: true,
    });
    return { process, handle: createReconcilerSink(reconciler) };
  }

  function startBridgeProcess(): Process {
    const process = startProcess('bridge');
    startBridge({
      api: connect(process),
      sink: createSimulatedSink({
        ...{ bridge: process, scheduler, network, random: random.fork(), functions: () => functions },
        ...unseen,
      }),
      sinkUrl: 'http://functions.simulated',
      clusterName: 'simulated',
      namespaces: [],
      metrics: sharedMetrics,
      log: silentLogger,
      clock: process.clock,
      random: random.fork().next,
      tuning: { resync: { periodMs: 30_000, tickMs: 1_000 }, watches: { watchMinSeconds: 20 } },
    });
    return process;
  }

  const functions = [startFunction(), startFunction()];
  const bridges = [startBridgeProcess(), ...(random.chance(0.5) ? [startBridgeProcess()] : [])];
  const crew = createCrew({
    ...{ functions, bridges, random, scheduler, longestHaltMs: LONGEST_HALT_MS },
    ...{ startFunction, startBridge: startBridgeProcess },
  });
  const wanted = { 'zen-lead.io/enabled': 'true', 'zen-lead.io/scale-down': '0', 'zen-lead.io/scale-down-after': '0s' };
  scheduler.schedule(1_000, () => server.create('user', 'services', sourceManifest(SOURCE, false, wanted)));

  const faults: readonly (() => void)[] = [
    () => crew.restart('function'),
    () => crew.restart('bridge'),
    crew.freeze,
    () => network.cut('api', random.pickAny(crew.all())?.name ?? '', scheduler.now() + random.between(100, 10_000)),
    () => etcd.compact(),
  ];
  // Each run has some kinds of trouble only, and gets further with each.
  const chosen = [...troubles.actions, ...faults].filter(() => random.chance(0.4));
  const paceMs = random.pick([1_500, 6_000, 15_000]);
  network.setConditions(drawConditions(random));
  for (let at = random.between(5_000, 20_000); at < TROUBLED_MS; at += random.between(200, paceMs))
    scheduler.schedule(at, () => random.pickAny(chosen)?.());

  const over: string[] = [];
  const isViolated = (): boolean => checks.violations.length > 0;
  const pass = (ms: number, isOver = isViolated): Promise<void> =>
    scheduler.runUntil(scheduler.now() + ms, () => isViolated() || isOver());
  const replicasNow = (): number => specOf(controllers.read() ?? { metadata: {} as never }).replicas;
  const text = (key: string): readonly string[] =>
    ['endpointslices', 'services'].flatMap((plural) =>
      etcd.list(plural).flatMap((each) => annotationOf(each, key) ?? []),
    );

  await pass(TROUBLED_MS);
  network.healAll();
  network.setConditions(perfectConditions);
  crew.thaw();
  troubles.wish('0');
  // An autoscaler may stay for 20 s more.
  await pass(CALM_MS, () => replicasNow() === 1);
  const record = parseScaleRecord(text('zen-lead.io/scale-state')[0]);
  const isExcused = record?.phase === 'off' || (record?.phase === 'refused' && record.reason === 'NoSurvivor');
  if (!isViolated() && replicasNow() !== 1 && !isExcused)
    over.push(`L: ${replicasNow()} replicas, and ${text('zen-lead.io/scale-state').join()}`);
  const owed = checks.owed();
  const last = owed ?? replicasNow();
  troubles.wish(null);
  const isForgotten = (): boolean =>
    text('zen-lead.io/scale-state').length === 0 && text('zen-lead.io/scale-restore').length === 0;
  await pass(CALM_MS, () => replicasNow() === last && isForgotten());
  if (!isViolated() && replicasNow() !== last) over.push(`D3: ${replicasNow()} replicas after an opt-out, of ${last}`);
  if (!isViolated() && !isForgotten()) over.push(`D3: ${text('zen-lead.io/scale-state').join()} is left`);
  crew.kill();
  return { violations: [...checks.violations, ...over], ...checks.counts(), steps: scheduler.steps() };
}
