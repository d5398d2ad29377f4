/**
 * runSeed: runs one seed. A cluster lives, is troubled, is left in peace, and must then be as the
 * rules say.
 *
 * Guarantees: the same seed and fence give the same run, step for step. The seed chooses the kinds
 * of trouble as well. A run with few kinds gets further with each than one that has them all
 * ("swarm testing").
 */

import { T0 } from '../support/objects/builders.ts';
import type { Action } from './action.ts';
import { startCheckedPods } from './checkedPods.ts';
import { checkLoops } from './checks/checkLoops.ts';
import { checkFollowed } from './checks/checkRoles.ts';
import { checkRouted, hasReports, leadersOf } from './checks/checkRouted.ts';
import { checkSettled } from './checks/checkSettled.ts';
import { type Cluster, createCluster, FOR_GOOD } from './cluster.ts';
import { startDemotedPods } from './demotedPods.ts';
import { startElectedPods } from './electedPods.ts';
import { createFaults, type Faults } from './faults.ts';
import { allFences, type Fence } from './fence.ts';
import { type Fights, startFights } from './fights.ts';
import { createFinalizers } from './finalizers.ts';
import { startGarbageCollector } from './garbageCollector.ts';
import { startHandedOver } from './handedOver.ts';
import { NAMESPACE } from './kubeObject.ts';
import { readyCondition } from './manifests.ts';
import { loseLeaderNode } from './nodes/loseLeaderNode.ts';
import { drawNodes, startTroubledNodes } from './nodes/troubledNodes.ts';
import { startOverloadedProbers } from './overloadedProbers.ts';
import { createRandom, type Random } from './random.ts';
import { startReportedPods } from './reports/reportedPods.ts';
import { startRoledPods } from './roledPods.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { createUsers } from './users.ts';
import { type CheckName, createVerdict, type Verdict, type Violation } from './verdict.ts';
import { withoutStacks } from './withoutStacks.ts';
import { createWorkload } from './workload.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly trace: readonly string[];
  readonly steps: number;
}

export interface SeedOptions {
  /** The trace has every event and answer, too. */
  readonly isDetailed?: boolean;
  readonly fence?: Fence;
  /**
   * False when the run ends with its troubles, because the fault in question needs no settled
   * state.
   */
  readonly settles?: boolean;
  /** Else as the seed says. */
  readonly hasLease?: boolean;
  readonly replicas?: { readonly bridges: number; readonly functions: number };
  /** Checks that are not made. */
  readonly ignored?: readonly CheckName[];
  /** Whether Services ask for health checks. Else as the seed says. */
  readonly checks?: boolean;
  /** Whether Services ask for roles. Else as the seed says. */
  readonly roles?: boolean;
  /** Whether Services ask for `on-demote`. Else as the seed says. */
  readonly demotes?: boolean;
  /** Whether bridges watch nodes, and nodes have troubles. Else as the seed says. */
  readonly nodes?: boolean;
  /** Whether callers from outside report pods. Else as the seed says. */
  readonly reports?: boolean;
  /** Whether the processors of bridges are overloaded at times. Else as the seed says. */
  readonly overloads?: boolean;
  /** Whether users ask for several elections, and for pools. Never else. */
  readonly elections?: boolean;
  /** Whether users ask for handovers that overlap. Else as the seed says. */
  readonly handovers?: boolean;
  /** Whether something else changes what zen-lead writes. Else as the seed says. */
  readonly fights?: boolean;
  /** Names of actions that happen whatever the seed says, or never, with their weight. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** Long enough for a leader to settle, then for a dozen or more troubles. */
const CALM_MS = 6_000;
const TROUBLED_MS = 40_000;
/**
 * Time for a message that was held back (45 s), a resync (30 s), the longest backoff or relist
 * (30 s) and what follows.
 */
const SETTLE_MS = 150_000;
/**
 * A resync and what follows from it. A run that has been quiet for so long has settled. One of
 * eight goes on all the same, because something may come later.
 */
const QUIET_MS = 35_000;
const QUIET_TICK_MS = 5_000;
/** Some bridges watch it beside the other one, and never get to read it. */
const CLOSED_NAMESPACE = 'closed';
/** Longer than pods take to end, start again and become Ready. */
const REFUSED_MS = 15_000;
/**
 * The hedge delay (200 ms), a read of the state page by page and a write, over links of at most 4
 * ms.
 */
const MAX_TAKEOVER_MS = 800;
/** An API server that has just started answers 403 until its authorizer has synced. */
const LAST_REFUSAL_MS = 1_500;
/** A sender that is refused is asked to wait for 1 s, and waits longer when refused again. */
const MAX_RETRY_MS = 5_000;

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const runIt = () => run(seed, options);
  return options.isDetailed === true ? runIt() : withoutStacks(runIt);
}

async function run(seed: number, options: SeedOptions): Promise<SeedResult> {
  const random = createRandom(seed);
  const scheduler = createScheduler(T0);
  const verdict = createVerdict(scheduler.now, T0, options);
  const { bridges, functions } = options.replicas ?? {};
  const sources = random.chance(0.25) ? ['db', 'cache'] : ['db'];
  const cluster = createCluster({
    scheduler,
    random,
    verdict,
    fence: options.fence ?? allFences,
    sources,
    bridges: bridges ?? 1 + random.below(3),
    functions: functions ?? 1 + random.below(3),
    maxSkewMs: random.pick([0, 0, 300]),
    namespaces: random.chance(0.25) ? [NAMESPACE, CLOSED_NAMESPACE] : [],
    hasLease: options.hasLease ?? random.chance(0.7),
    nodes: drawNodes(seed, options.nodes),
  });
  const { server } = cluster;
  cluster.setForbidden(FOR_GOOD, (_actor, request) => request.endsWith(` in ${CLOSED_NAMESPACE}`));
  startGarbageCollector(server, scheduler, random.fork());
  const { nodes } = cluster;
  const workload = createWorkload({
    ...{ server, scheduler, random: random.fork(), size: 2 + random.below(3) },
    ...{ nodeNames: nodes?.names ?? ['node-0', 'node-1'], hostIp: nodes?.addressOf },
  });
  const users = createUsers({ server, scheduler, random: random.fork(), sources });
  const faults = createFaults(cluster, scheduler, random.fork(), verdict);
  const finalizers = createFinalizers(server, scheduler, random.fork(), sources);
  const all = [...workload.actions, ...users.actions, ...faults.actions, ...finalizers.actions];
  const actions = chooseActions(all, options, random);

  for (const name of [...cluster.functionNames, ...cluster.bridgeNames])
    scheduler.schedule(random.between(0, 3_000), () => cluster.restart(name));
  workload.start();
  scheduler.schedule(random.between(0, 2_000), users.start);
  finalizers.start();
  const until = T0 + CALM_MS + TROUBLED_MS;
  const troubles = { cluster, scheduler, verdict, seed, sources, until };
  startCheckedPods({ ...troubles, isOn: options.checks });
  startRoledPods({ ...troubles, isOn: options.roles });
  startDemotedPods({ ...troubles, workload, isOn: options.demotes });
  if (nodes !== null) startTroubledNodes(nodes, troubles);
  startReportedPods({ ...troubles, isOn: options.reports });
  startElectedPods({ ...troubles, isOn: options.elections });
  startHandedOver({ ...troubles, workload, isOn: options.handovers });
  startOverloadedProbers({ ...troubles, isOn: options.overloads });
  const fights = startFights({ cluster, scheduler, verdict, seed, until, isOn: options.fights });
  const isOver = (): boolean => verdict.violation() !== null;
  try {
    await scheduler.runUntil(T0 + CALM_MS, isOver);
    trouble(actions, random, scheduler, verdict, faults);
    await scheduler.runUntil(T0 + CALM_MS + TROUBLED_MS, isOver);
    if (random.chance(0.4)) verdict.note(`* ${finalizers.holdOn()}`);
    const refusedMs = random.chance(0.2) ? REFUSED_MS : 0;
    const isWhole = random.chance(0.125);
    const isHolderLost = random.chance(0.5);
    if (options.settles !== false)
      await settle(faults, cluster, { sources, fights, refusedMs, isWhole, isHolderLost }, scheduler, verdict, isOver);
  } catch (error) {
    verdict.violate('fault', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return {
    seed,
    violation: verdict.violation(),
    get trace() {
      return verdict.trace();
    },
    steps: scheduler.steps(),
  };
}

/**
 * About half of the kinds of trouble; the pods always do something. Etcd goes back in time in one
 * run of eight.
 */
function chooseActions(all: readonly Action[], { weights = {} }: SeedOptions, random: Random): readonly Action[] {
  const isRestoring = random.chance(0.125);
  return all
    .map((action) => {
      const isOn = random.chance(0.5) || action.name === 'pod flips';
      const isAllowed = !action.name.startsWith('restore etcd') || isRestoring;
      return { ...action, weight: weights[action.name] ?? (isOn && isAllowed ? action.weight : 0) };
    })
    .filter(({ weight }) => weight > 0);
}

function trouble(
  actions: readonly Action[],
  random: Random,
  scheduler: Scheduler,
  verdict: Verdict,
  faults: Faults,
): void {
  const total = actions.reduce((sum, { weight }) => sum + weight, 0);
  const paceMs = random.pick([200, 700, 2_000]);
  const until = scheduler.now() + TROUBLED_MS;
  const rate = (): number => (random.chance(0.5) ? 0 : random.between(0, 0.25));
  faults.setConditions({ lossRate: rate() / 2, slowRate: rate(), errorRate: rate() / 2, doubleRate: rate() * 2 });

  function act(): void {
    if (scheduler.now() >= until) return;
    let left = random.next() * total;
    const action = actions.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const done = action?.run() ?? null;
    if (done !== null) verdict.note(`* ${action?.name}: ${done}`);
    scheduler.schedule(random.between(0, 2 * paceMs), act);
  }
  act();
}

interface SettleOptions {
  readonly sources: readonly string[];
  readonly fights: Fights;
  /** For so long every event is refused. */
  readonly refusedMs: number;
  /** The run goes on to its end, settled or not. */
  readonly isWhole: boolean;
  /** The last trouble is the death of the bridge that sends first, or else a moment of 403. */
  readonly isHolderLost: boolean;
}

async function settle(
  faults: Faults,
  cluster: Cluster,
  { sources, fights, refusedMs, isWhole, isHolderLost }: SettleOptions,
  scheduler: Scheduler,
  verdict: Verdict,
  isOver: () => boolean,
): Promise<void> {
  if (isOver()) return;
  const { server } = cluster;
  faults.heal();
  if (refusedMs > 0) {
    // Every event about the last changes becomes a dead letter, and only a resync repeats them.
    cluster.setRefusing(true);
    verdict.note(`but events are refused for ${refusedMs} ms`);
    scheduler.schedule(refusedMs, () => cluster.setRefusing(false));
  }
  const until = scheduler.now() + SETTLE_MS;
  const written = new Map(cluster.functionWrites());
  // A report ends for a function when its clock says so.
  const isJudgable = () => cluster.areClocksRight() || !hasReports(server.etcd);
  const check = () =>
    isJudgable() ? checkSettled(server.etcd, sources, scheduler.now(), { fights, checks: cluster.checks }) : null;
  // What a bridge observes is late for functions with another time, until the resync after that.
  const haveClocksBeenRight = () => cluster.areClocksRight(QUIET_MS);
  const isFollowed = (): boolean => haveClocksBeenRight() || !cluster.areClocksRight();
  const isSettled = (): boolean => !isWhole && cluster.isQuiet(QUIET_MS) && isFollowed() && check() === null;
  // Not before a resync after the last refusal, even where nothing was written meanwhile.
  for (let at = scheduler.now() + refusedMs + QUIET_MS; at <= until && !isOver(); at += QUIET_TICK_MS) {
    await scheduler.runUntil(at, isOver);
    if (isSettled()) break;
  }
  const problem = isOver() ? null : (check() ?? checkLoops(written, cluster));
  const isFollowing = !isOver() && haveClocksBeenRight();
  const unfollowed = isFollowing ? checkFollowed(server.etcd, sources, cluster.podNetwork, scheduler.now()) : null;
  if (problem !== null) verdict.violate(problem.check, problem.message);
  else if (unfollowed !== null) verdict.violate('roles', unfollowed);
  else if (!isOver()) {
    const last = { cluster, sources, fights, scheduler, verdict, isOver };
    const { nodes } = cluster;
    if (nodes !== null && cluster.areClocksRight() && !fights.isOn()) await loseLeaderNode(nodes, last);
    else if (isHolderLost) await loseHolder(last);
    else await refuseFailover(last);
  }
}

interface LastTrouble {
  readonly cluster: Cluster;
  readonly sources: readonly string[];
  readonly fights: Fights;
  readonly scheduler: Scheduler;
  readonly verdict: Verdict;
  isOver(): boolean;
}

/**
 * Makes the last trouble, in a cluster that is well. The bridge that sends first dies, and with it
 * the fitness of every leader.
 */
async function loseHolder(last: LastTrouble): Promise<void> {
  const { cluster, scheduler, verdict } = last;
  const holder = cluster.holder();
  if (holder === null || cluster.bridgeNames.length < 2) return;
  const lostAt = scheduler.now();
  verdict.note(`* the last: ${holder} dies, and no leader is Ready`);
  cluster.kill(holder);
  unreadyLeaders(cluster, lostAt);
  await mustBeRouted(last, lostAt, MAX_TAKEOVER_MS);
}

/**
 * Makes the last trouble: the API server answers 403 for a moment, as one does that has just
 * started, while no leader is Ready.
 */
async function refuseFailover(last: LastTrouble): Promise<void> {
  const { cluster, scheduler, verdict } = last;
  const lostAt = scheduler.now();
  verdict.note(`* the last: writes are forbidden for ${LAST_REFUSAL_MS} ms, and no leader is Ready`);
  cluster.setForbidden('the last', (actor, request) => actor.startsWith('function') && /^(create|patch)/.test(request));
  scheduler.schedule(LAST_REFUSAL_MS, () => cluster.setForbidden('the last', null));
  unreadyLeaders(cluster, lostAt);
  await mustBeRouted(last, lostAt, LAST_REFUSAL_MS + MAX_RETRY_MS);
}

function unreadyLeaders({ server }: Cluster, at: number): void {
  const leaders = leadersOf(server.etcd);
  for (const { metadata } of server.etcd.list('pods'))
    if (leaders.has(metadata.uid))
      server.patch('workload', 'pods', metadata.name, { status: { conditions: [readyCondition(false, at)] } });
}

async function mustBeRouted(
  { cluster, sources, fights, scheduler, verdict, isOver }: LastTrouble,
  lostAt: number,
  withinMs: number,
): Promise<void> {
  await scheduler.runUntil(lostAt + withinMs, isOver);
  const { etcd } = cluster.server;
  const isJudgable = !isOver() && (cluster.areClocksRight() || !hasReports(etcd));
  const late = isJudgable ? checkRouted(etcd, sources, lostAt, scheduler.now(), fights) : null;
  if (late !== null) verdict.violate('late', late);
}
