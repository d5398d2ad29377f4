/**
 * runFlows: two bridges and two functions run some flows on one simulated API server. They are
 * those that we ship.
 *
 * The scheduler delays, loses and doubles requests, answers, events and watch lines. It kills,
 * freezes and restarts processes, and compacts etcd. People approve, suspend, stop, retry, and
 * delete Jobs, records and flows. Then all is well, and each flow has to end (L1).
 */

import { startFlowBridge } from '../../../bridge/startFlowBridge.ts';
import { createInProcessFlowSink } from '../../../functions/flows/inProcessFlowSink.ts';
import { createNewsDesk } from '../../../functions/flows/newsDesk.ts';
import type { FlowDeps } from '../../../functions/flows/reconcileFlow.ts';
import type { Sink } from '../../../lib/events/sink.ts';
import type { FlowEvent, FlowReply } from '../../../lib/flow/events/flowEvent.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { API_VERSION, requestPrefix } from '../../../lib/flow/state/names.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { planOf } from '../../support/objects/aFlow.ts';
import { T0 } from '../../support/objects/builders.ts';
import { createApiServer, type ObservedWrite, timestamp } from '../apiServer.ts';
import { createCrew } from '../crew.ts';
import { createEtcd } from '../etcd.ts';
import { controllerOf, type KubeObject } from '../kubeObject.ts';
import { createNetwork, drawConditions, perfectConditions } from '../network.ts';
import { createPageStore } from '../pageStore.ts';
import { createRandom } from '../random.ts';
import { createScheduler, type Process } from '../scheduler.ts';
import { sharedFlowMetrics, sharedMetrics } from '../sharedMetrics.ts';
import { createSimulatedKubeApi, willing } from '../simulatedKubeApi.ts';
import { createSimulatedSink, type Receiver, unseen } from '../simulatedSink.ts';
import { createWatchServer } from '../watchServer.ts';
import { withoutStacks } from '../withoutStacks.ts';
import { createAnnouncementChecks } from './announcementChecks.ts';
import { createFlowChecks } from './flowChecks.ts';
import { openSimulatedAnnouncer } from './openSimulatedAnnouncer.ts';
import { compressedOverTheWire, overTheWire } from './overTheWire.ts';
import { drawFlow, type RandomFlow } from './randomFlow.ts';
import { watchDeadlines } from './watchDeadlines.ts';

/** What one protection less is: production code has no such switch. */
export interface FlowFence {
  /** This flow alone, on one bridge, and all is well. */
  readonly calm?: RandomFlow;
  readonly wrapApi?: (api: KubeApi) => KubeApi;
  readonly deps?: Partial<FlowDeps>;
  /** What a function makes of an event before it handles it. */
  readonly onEvent?: (event: FlowEvent) => FlowEvent;
  /** Others are told, over a network that loses what it likes. */
  readonly isAnnouncing?: boolean;
  /** Called with each write, before it is checked. `at`: milliseconds of the run. */
  readonly onWrite?: (write: ObservedWrite, at: number) => void;
}

export interface FlowRun {
  readonly violations: readonly string[];
  readonly jobs: number;
  readonly ended: number;
}

const TROUBLED_MS = 90_000;
const CALM_MS = 900_000;
const FLOWS = 3;

function withoutSnapshot({ data, ...event }: FlowEvent): FlowEvent {
  const { snapshot: _, ...rest } = data;
  return { ...event, data: rest };
}

export function runFlows(seed: number, fence: FlowFence = {}): Promise<FlowRun> {
  return withoutStacks(() => run(seed, fence));
}

async function run(seed: number, fence: FlowFence): Promise<FlowRun> {
  const random = createRandom(seed);
  const scheduler = createScheduler(T0);
  const etcd = createEtcd(scheduler.now);
  const checks = createFlowChecks(etcd, scheduler.now);
  const announcements = createAnnouncementChecks(etcd);
  const server = createApiServer(etcd, scheduler.now, (write) => {
    fence.onWrite?.(write, scheduler.now() - T0);
    checks.onWrite(write);
    if (fence.isAnnouncing === true) announcements.onWrite(write);
  });
  const network = createNetwork(random.fork(), scheduler.now);
  const watchServer = createWatchServer(etcd, scheduler, random.fork());
  const pages = createPageStore(etcd, 3);
  const over: string[] = [];
  // Half of the runs as two halves, half as one process.
  const isOverTheWire = seed % 2 === 1;
  // Half of the two halves as with flows that no event holds, and of which a few Jobs are read.
  const isLarge = seed % 4 === 3;
  const onTheWire = seed % 8 === 1 ? compressedOverTheWire : overTheWire;
  const travel = isLarge ? withoutSnapshot : isOverTheWire ? onTheWire : (each: FlowEvent) => each;
  // In some runs one bridge sends first, and the other one hints at what stays undone.
  const hasLease = seed % 3 === 0;
  let processes = 0;

  const drawn = fence.calm === undefined ? Array.from({ length: FLOWS }, () => drawFlow(random)) : [fence.calm];
  const flows = drawn.map((flow, index) => ({ ...flow, name: `flow${index}` }));

  const connect = (process: Process): KubeApi =>
    createSimulatedKubeApi({
      ...{ ...willing, process, scheduler, network, server, watchServer, pages },
      onArrival: checks.onArrival,
    });

  function startFunction(): Receiver {
    processes += 1;
    const process = scheduler.startProcess(`function-${processes}`, random.between(-300, 300));
    const { wrapApi = (each) => each, onEvent = travel } = fence;
    const deadlines = watchDeadlines(wrapApi(connect(process)), process.clock.now, over);
    const { onTold } = announcements;
    const announcer =
      fence.isAnnouncing === true ? openSimulatedAnnouncer({ process, scheduler, network, onTold }) : undefined;
    const deps = {
      announcer,
      api: deadlines.api,
      metrics: sharedFlowMetrics,
      log: silentLogger,
      now: process.clock.now,
      ...(isLarge && { manySteps: 0 }),
    };
    const news = createNewsDesk({ ...deps, setTimer: process.clock.setTimer });
    const decide = createInProcessFlowSink({ ...deps, news, ...fence.deps });
    const handle = deadlines.watch((event, signal) => decide(onEvent(event), signal));
    return { process, handle: handle as unknown as Sink };
  }

  function startBridge(): Process {
    processes += 1;
    const process = scheduler.startProcess(`bridge-${processes}`, random.between(-300, 300));
    const sink = createSimulatedSink({
      ...{ bridge: process, scheduler, network, random: random.fork(), functions: () => functions },
      ...unseen,
    });
    startFlowBridge({
      api: connect(process),
      sink: sink as unknown as Sink<FlowEvent, FlowReply>,
      clusterName: 'simulated',
      namespaces: [],
      metrics: sharedMetrics,
      flowMetrics: sharedFlowMetrics,
      log: silentLogger,
      clock: process.clock,
      random: random.fork().next,
      tuning: { resync: { periodMs: 30_000, tickMs: 1_000 }, watches: { watchMinSeconds: 20 } },
      ...(hasLease && {
        lease: { namespace: 'default', name: 'zen-flow', identity: process.name, monotonicNow: scheduler.now },
      }),
    });
    return process;
  }

  const functions = [startFunction(), startFunction()];
  const bridges = fence.calm === undefined ? [startBridge(), startBridge()] : [startBridge()];
  const crew = createCrew({ functions, bridges, random, scheduler, longestHaltMs: 20_000, startFunction, startBridge });

  // The Job controller, and the garbage collector.
  const plans = new Map(flows.map(({ name, outcomes }) => [name, planOf(outcomes)]));
  /** Jobs that are not suspended, by uid. */
  const released = new Set<string>();
  etcd.subscribe(({ plural, type, object }) => {
    if (plural === 'jobs' && type !== 'DELETED') {
      const { flow, step, attempt, name, uid, suspended = false, outcome } = parseJob(object);
      if (suspended || outcome !== null) released.delete(uid);
      if (suspended || outcome !== null || released.has(uid)) return;
      released.add(uid);
      const end = plans.get(flow)?.(step, attempt);
      scheduler.schedule(random.between(100, 15_000), () => {
        const found = etcd.read('jobs', name);
        if (end === undefined || found?.metadata.uid !== uid || !released.has(uid)) return;
        if (parseJob(found).outcome !== null) return;
        const condition = {
          type: end.kind === 'ok' ? 'Complete' : 'Failed',
          status: 'True',
          lastTransitionTime: timestamp(scheduler.now()),
        };
        const succeeded = end.kind === 'ok' ? 1 : 0;
        server.patch('job-controller', 'jobs', name, { status: { succeeded, conditions: [condition] } });
      });
    }
    if (plural === 'jobflows' && type === 'DELETED') scheduler.schedule(random.between(10, 3_000), collect);
    if (type === 'ADDED') scheduler.schedule(random.between(10, 3_000), collect);
  });
  function collect(): void {
    const uids = new Set(etcd.list('jobflows').map(({ metadata }) => metadata.uid));
    const isOrphaned = (object: KubeObject) => {
      const owner = controllerOf(object)?.uid;
      return owner !== undefined && !uids.has(owner);
    };
    for (const plural of ['jobs', 'jobflowrecords', 'configmaps'])
      for (const object of etcd.list(plural))
        if (isOrphaned(object)) server.delete('collector', plural, object.metadata.name, { uid: object.metadata.uid });
  }

  for (const { name, spec } of flows)
    scheduler.schedule(random.between(0, 20_000), () => {
      server.create('user', 'jobflows', { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name }, spec });
    });

  const annotate = (name: string, annotations: object) => {
    if (etcd.read('jobflows', name) !== undefined)
      server.patch('user', 'jobflows', name, { metadata: { annotations } });
  };
  const wish = (name: string, spec: object) => {
    if (etcd.read('jobflows', name) !== undefined) server.patch('user', 'jobflows', name, { spec });
  };
  const removeAny = (plural: string) => {
    const object = random.pickAny(etcd.list(plural));
    if (object !== undefined) server.delete('user', plural, object.metadata.name);
  };
  const ofFlow = (act: (flow: RandomFlow & { readonly name: string }, step: string) => void) => {
    const flow = random.pickAny(flows);
    const step = random.pickAny(flow?.steps ?? []);
    if (flow !== undefined && step !== undefined) act(flow, step);
  };
  const troubles: readonly (() => void)[] = [
    () =>
      ofFlow(({ name }, step) => annotate(name, { [`${requestPrefix.approved}/${step}`]: String(random.chance(0.8)) })),
    () =>
      ofFlow(({ name }, step) =>
        annotate(name, { [`${requestPrefix.attempts}/${step}`]: String(2 + random.below(2)) }),
      ),
    () => ofFlow(({ name }, step) => annotate(name, { [`${requestPrefix.skip}/${step}`]: 'true' })),
    () => ofFlow(({ name }) => wish(name, { suspend: random.chance(0.5) })),
    () => ofFlow(({ name }) => random.chance(0.2) && wish(name, { shutdown: random.pick(['Stop', 'Terminate']) })),
    () => removeAny('jobs'),
    () => random.chance(0.3) && removeAny('jobflowrecords'),
    () => random.chance(0.1) && removeAny('jobflows'),
    () => crew.restart('function'),
    () => crew.restart('function'),
    () => crew.restart('bridge'),
    crew.freeze,
    crew.freeze,
    () => etcd.compact(),
    () => network.cut('api', random.pickAny(bridges)?.name ?? '', scheduler.now() + random.between(100, 10_000)),
  ];
  // Each run has some kinds of trouble only, and gets further with each.
  const chosen = troubles.filter(() => random.chance(0.5));
  const troubled = drawConditions(random);
  if (fence.calm === undefined) network.setConditions(troubled);
  for (
    let at = random.between(0, 4_000);
    fence.calm === undefined && at < TROUBLED_MS;
    at += random.between(200, 6_000)
  )
    scheduler.schedule(at, () => random.pickAny(chosen)?.());

  const isViolated = () => checks.violations.length > 0 || over.length > 0;
  await scheduler.runUntil(T0 + TROUBLED_MS, isViolated);
  network.healAll();
  network.setConditions(perfectConditions);
  crew.thaw();
  for (const { name, steps } of flows) {
    wish(name, { suspend: false });
    annotate(name, Object.fromEntries(steps.map((step) => [`${requestPrefix.approved}/${step}`, 'true'])));
  }
  // Asked after each step of the scheduler, so the flow is not parsed.
  const statusOf = (name: string): unknown => etcd.read('jobflows', name)?.['status'];
  const isEnded = ({ name }: { readonly name: string }): boolean => {
    if (etcd.read('jobflows', name) === undefined) return true;
    const { phase } = Object(statusOf(name));
    return phase === 'Succeeded' || phase === 'Failed';
  };
  const isIdle = () =>
    flows.every(isEnded) && runningJobs().length === 0 && (fence.isAnnouncing !== true || !announcements.isOwing());
  const runningJobs = () =>
    etcd
      .list('jobs')
      .map(parseJob)
      .filter(({ outcome }) => outcome === null);
  await scheduler.runUntil(T0 + TROUBLED_MS + CALM_MS, () => isViolated() || isIdle());
  if (!isViolated()) {
    for (const flow of flows)
      if (!isEnded(flow)) over.push(`L1: ${flow.name} does not end: ${JSON.stringify(statusOf(flow.name))}`);
    for (const { name } of runningJobs()) over.push(`Z6: ${name} still runs`);
  }
  if (fence.isAnnouncing === true) over.push(...announcements.violations());
  crew.kill();
  return { violations: [...checks.violations, ...over], jobs: checks.made(), ended: flows.filter(isEnded).length };
}
