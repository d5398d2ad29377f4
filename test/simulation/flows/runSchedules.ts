/**
 * runSchedules: two bridges and two functions keep some schedules on one simulated API server.
 *
 * The scheduler delays, loses and doubles, kills, freezes and restarts, and the clocks of functions
 * differ. People suspend, and delete flows and schedules. A stand-in ends the flows. Then all is
 * well, and the latest minute of each schedule has to have its flow.
 */

import { startScheduleBridge } from '../../../bridge/startScheduleBridge.ts';
import { createInProcessScheduleSink } from '../../../functions/schedules/inProcessScheduleSink.ts';
import type { ScheduleDeps } from '../../../functions/schedules/onScheduleEvent.ts';
import type { Sink } from '../../../lib/events/sink.ts';
import type { ScheduleEvent, ScheduleReply } from '../../../lib/flow/events/scheduleEvent.ts';
import { parseSchedule } from '../../../lib/flow/objects/parseSchedule.ts';
import { parseWatchedRun } from '../../../lib/flow/objects/parseScheduledRun.ts';
import { MINUTE_MS } from '../../../lib/flow/schedule/scheduledFlow.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aSchedule } from '../../support/objects/aSchedule.ts';
import { T0 } from '../../support/objects/builders.ts';
import { createApiServer, type ObservedWrite, timestamp } from '../apiServer.ts';
import { createCrew } from '../crew.ts';
import { createEtcd } from '../etcd.ts';
import { controllerOf } from '../kubeObject.ts';
import { createNetwork, drawConditions, perfectConditions } from '../network.ts';
import { createPageStore } from '../pageStore.ts';
import { createRandom } from '../random.ts';
import { createScheduler, type Process } from '../scheduler.ts';
import { sharedFlowMetrics } from '../sharedMetrics.ts';
import { createSimulatedKubeApi, willing } from '../simulatedKubeApi.ts';
import { createSimulatedSink, type Receiver, unseen } from '../simulatedSink.ts';
import { createWatchServer } from '../watchServer.ts';
import { withoutStacks } from '../withoutStacks.ts';
import { createScheduleChecks } from './scheduleChecks.ts';

/** What one protection less is: production code has no such switch. */
export interface ScheduleFence {
  readonly wrapApi?: (api: KubeApi) => KubeApi;
  readonly onWrite?: (write: ObservedWrite, at: number) => void;
}

export interface ScheduleRun {
  readonly violations: readonly string[];
  readonly flows: number;
}

const TROUBLED_MS = 480_000;
const CALM_MS = 300_000;
/** Half of what is believed of a clock (decideSchedule.ts). */
const MAX_SKEW_MS = 25_000;
/** In which the run of a minute is made, once all is well. */
const LATE_MS = 60_000;
/** A flow takes so long at most, and another one may wait for it. */
const LONGEST_FLOW_MS = 100_000;

export function runSchedules(seed: number, fence: ScheduleFence = {}): Promise<ScheduleRun> {
  return withoutStacks(() => run(seed, fence));
}

async function run(seed: number, fence: ScheduleFence): Promise<ScheduleRun> {
  const random = createRandom(seed);
  const scheduler = createScheduler(T0);
  const etcd = createEtcd(scheduler.now);
  const checks = createScheduleChecks(etcd, scheduler.now, MAX_SKEW_MS);
  const server = createApiServer(etcd, scheduler.now, (write) => {
    fence.onWrite?.(write, scheduler.now() - T0);
    checks.onWrite(write);
  });
  const network = createNetwork(random.fork(), scheduler.now);
  const watchServer = createWatchServer(etcd, scheduler, random.fork());
  const pages = createPageStore(etcd, 3);
  const over: string[] = [];
  let processes = 0;

  const connect = (process: Process): KubeApi =>
    createSimulatedKubeApi({ ...willing, process, scheduler, network, server, watchServer, pages });

  function startFunction(): Receiver {
    processes += 1;
    const process = scheduler.startProcess(`function-${processes}`, random.between(-MAX_SKEW_MS, MAX_SKEW_MS));
    const { wrapApi = (each) => each } = fence;
    const deps: ScheduleDeps = {
      api: wrapApi(connect(process)),
      metrics: sharedFlowMetrics,
      log: silentLogger,
      now: process.clock.now,
    };
    return { process, handle: createInProcessScheduleSink(deps) as unknown as Sink };
  }

  function startBridge(): Process {
    processes += 1;
    const process = scheduler.startProcess(`bridge-${processes}`, random.between(-MAX_SKEW_MS, MAX_SKEW_MS));
    const sink = createSimulatedSink({
      ...{ bridge: process, scheduler, network, random: random.fork(), functions: () => functions },
      ...unseen,
    });
    startScheduleBridge({
      api: connect(process),
      sink: sink as unknown as Sink<ScheduleEvent, ScheduleReply>,
      clusterName: 'simulated',
      namespaces: [],
      log: silentLogger,
      clock: process.clock,
      random: random.fork().next,
      tuning: { watches: { watchMinSeconds: 20 } },
    });
    return process;
  }

  const functions = [startFunction(), startFunction()];
  const bridges = [startBridge(), startBridge()];
  const crew = createCrew({ functions, bridges, random, scheduler, longestHaltMs: 90_000, startFunction, startBridge });
  const names = ['even', 'odd'] as const;

  // What runs the flows, and the garbage collector.
  const end = (name: string, uid: string, phase: string) => {
    const found = etcd.read('jobflows', name);
    if (found?.metadata.uid !== uid || parseWatchedRun(found).phase !== 'active') return;
    const at = timestamp(scheduler.now());
    server.patch('engine', 'jobflows', name, { status: { phase, startTime: at, completionTime: at } });
  };
  etcd.subscribe(({ plural, type, object }) => {
    if (plural === 'jobflows' && type !== 'DELETED') {
      const { name, uid } = object.metadata;
      const isShutDown = parseWatchedRun(object).isShutDown;
      if (type === 'ADDED')
        scheduler.schedule(random.between(1_000, LONGEST_FLOW_MS), () =>
          end(name, uid, random.pick(['Succeeded', 'Succeeded', 'Failed'])),
        );
      else if (isShutDown) scheduler.schedule(random.between(100, 3_000), () => end(name, uid, 'Failed'));
    }
    if (type !== 'MODIFIED') scheduler.schedule(random.between(10, 3_000), collect);
  });
  function collect(): void {
    const uids = new Set(etcd.list('jobflowschedules').map(({ metadata }) => metadata.uid));
    for (const flow of etcd.list('jobflows')) {
      const owner = controllerOf(flow)?.uid;
      if (owner === undefined || uids.has(owner)) continue;
      server.delete('collector', 'jobflows', flow.metadata.name, { uid: flow.metadata.uid });
    }
  }

  const create = (name: string) => {
    if (etcd.read('jobflowschedules', name) !== undefined) return;
    const spec = {
      schedule: random.pick(['* * * * *', '*/2 * * * *']),
      concurrencyPolicy: random.pick(['Allow', 'Forbid', 'Replace']),
      successfulJobsHistoryLimit: random.below(3),
      failedJobsHistoryLimit: random.below(2),
      ...(random.chance(0.3) && { startingDeadlineSeconds: 30 }),
    };
    const made = aSchedule(spec, name);
    server.create('user', 'jobflowschedules', { ...made, metadata: { ...made.metadata, generation: 1 } });
  };
  for (const name of names) scheduler.schedule(random.between(0, 50_000), () => create(name));

  let generation = 1;
  const suspend = (name: string, isSuspended: boolean) => {
    if (etcd.read('jobflowschedules', name) === undefined) return;
    generation += 1;
    server.patch('user', 'jobflowschedules', name, { metadata: { generation }, spec: { suspend: isSuspended } });
  };
  const troubles: readonly (() => void)[] = [
    () => suspend(random.pick(names), random.chance(0.4)),
    () => {
      const flow = random.pickAny(etcd.list('jobflows'));
      if (flow !== undefined) server.delete('user', 'jobflows', flow.metadata.name);
    },
    () => {
      const name = random.pick(names);
      if (random.chance(0.2) && etcd.read('jobflowschedules', name) !== undefined)
        server.delete('user', 'jobflowschedules', name);
      scheduler.schedule(random.between(0, 30_000), () => create(name));
    },
    () => crew.restart('function'),
    () => crew.restart('function'),
    () => crew.restart('bridge'),
    crew.freeze,
    crew.freeze,
    () => etcd.compact(),
    () => network.cut('api', random.pickAny(bridges)?.name ?? '', scheduler.now() + random.between(100, 60_000)),
  ];
  const chosen = troubles.filter(() => random.chance(0.6));
  network.setConditions(drawConditions(random));
  for (let at = random.between(0, 20_000); at < TROUBLED_MS; at += random.between(1_000, 40_000))
    scheduler.schedule(at, () => random.pickAny(chosen)?.());

  const isViolated = () => checks.violations.length > 0;
  await scheduler.runUntil(T0 + TROUBLED_MS, isViolated);
  network.healAll();
  network.setConditions(perfectConditions);
  crew.thaw();
  for (const name of names) {
    create(name);
    suspend(name, false);
  }
  await scheduler.runUntil(T0 + TROUBLED_MS + CALM_MS, isViolated);
  if (!isViolated()) over.push(...names.flatMap(whyLate));
  crew.kill();
  return { violations: [...checks.violations, ...over], flows: checks.made() };

  /** The status names the latest minute that could start. */
  function whyLate(name: string): readonly string[] {
    const found = etcd.read('jobflowschedules', name);
    if (found === undefined) return [`L1: schedule ${name} is gone`];
    const { status } = parseSchedule(found);
    const latest = scheduler.now() - 2 * MINUTE_MS - LATE_MS - LONGEST_FLOW_MS - MAX_SKEW_MS;
    const isLate = (status?.lastScheduleAt ?? 0) < latest && (status?.lastMissedAt ?? 0) < latest;
    return isLate ? [`L1: schedule ${name} does not run: ${JSON.stringify(status)}`] : [];
  }
}
