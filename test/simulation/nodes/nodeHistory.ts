/**
 * runNodeHistory: lets nodes live through a random history in virtual time, and says where the
 * bridge's word on them does not follow from what happened.
 *
 * Nodes die, kubelets stand still, all Leases stop and go on one after the other, the watch is cut,
 * the process of the bridge stands still. What watches the nodes is the real one.
 *
 * Guarantees: one seed gives one history.
 */

import { startNodeHealth } from '../../../bridge/nodes/nodeHealth.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aNodeApi } from '../../support/simulated/aNodeApi.ts';
import { aProbeNetwork } from '../../support/simulated/aProbeNetwork.ts';
import { createVirtualClock } from '../../support/simulated/virtualClock.ts';
import { createRandom } from '../random.ts';

export interface NodeHistory {
  /** What happened, and what was said, with the second of each. */
  readonly trace: readonly string[];
  /** Null where all that was said follows from what happened. */
  readonly problem: string | null;
  /** How many nodes were rightly said to be silent. */
  readonly silences: number;
}

/** As kubelets renew with `nodeLeaseDurationSeconds: 8`. */
const RENEW_MS = 2_000;
const LEARN_MS = 12_000;
const TROUBLED_MS = 180_000;
/** By the port: three failures. */
const LEAST_SILENT_MS = 2_000;
/** Silent after 5 s, counted again where verdicts were void, and looked at once a second. */
const NOTICED_WITHIN_MS = 20_000;

export async function runNodeHistory(seed: number): Promise<NodeHistory> {
  const random = createRandom(seed);
  const clock = createVirtualClock();
  const server = aNodeApi(clock);
  const network = aProbeNetwork(clock);
  const trace: string[] = [];
  let problem: string | null = null;
  let silences = 0;
  const names = Array.from({ length: 5 + random.below(6) }, (_, index) => `n-${index}`);
  const address = (name: string): string => `10.1.0.${name.slice(2)}`;
  const leaders = new Set(names.filter(() => random.chance(0.5)));
  const hasPort = random.chance(0.5);
  /** Since when, of nodes that are gone and of kubelets that stand still. */
  const deadSince = new Map<string, number>();
  const frozen = new Set<string>();
  let areStopped = false;
  let toldAt = Number.NEGATIVE_INFINITY;

  const at = (): number => clock.monotonic();
  const note = (text: string): void => void trace.push(`${((at() - startedAt) / 1_000).toFixed(1)} ${text}`);
  const startedAt = at();

  const health = startNodeHealth(
    { network, checkPort: hasPort ? 10_250 : undefined },
    {
      ...{ api: server.api, clock, random: random.fork().next, metrics: createMetrics(), log: silentLogger },
      addresses: () => names.map((node) => ({ node, address: address(node), holdsLeader: leaders.has(node) })),
      onChange(changed) {
        for (const name of changed) judge(name, health.reportOf(name)?.verdict);
      },
    },
  );

  function judge(name: string, verdict: 'alive' | 'silent' | undefined): void {
    note(`says ${name} ${verdict}`);
    if (verdict !== 'silent') return;
    const goneFor = at() - (deadSince.get(name) ?? at());
    const isKernelSeen = hasPort && leaders.has(name);
    const isRight = deadSince.has(name) ? goneFor >= LEAST_SILENT_MS : frozen.has(name) && !isKernelSeen;
    if (isRight) silences += 1;
    else problem ??= `${name} is said to be silent, and works (seed ${seed})`;
  }

  const alive = (): readonly string[] => names.filter((name) => !deadSince.has(name) && !frozen.has(name));

  function die(): void {
    const name = random.pickAny(alive());
    // The guard is about most nodes at once, and is tried by stopping all.
    if (name === undefined || deadSince.size + frozen.size >= 2) return;
    server.stopKubelet(name);
    if (random.chance(0.3)) frozen.add(name);
    else {
      deadSince.set(name, at());
      network.set(address(name), 'hangs');
    }
    note(`${name} ${frozen.has(name) ? 'has a kubelet that stands still' : 'dies'}`);
  }

  function comeBack(): void {
    const name = random.pickAny([...deadSince.keys(), ...frozen]);
    if (name === undefined) return;
    deadSince.delete(name);
    frozen.delete(name);
    network.set(address(name), { kind: 'passed' });
    if (!areStopped) server.startKubelet(name, RENEW_MS);
    note(`${name} is back`);
  }

  async function stopAll(): Promise<void> {
    note('no Lease is renewed');
    areStopped = true;
    for (const name of alive()) server.stopKubelet(name);
    await clock.advance(random.between(3_000, 40_000));
    areStopped = false;
    // A kubelet tries again after an interval, and each has one of its own.
    for (const name of names.toSorted(() => random.next() - 0.5)) {
      if (!deadSince.has(name) && !frozen.has(name)) server.startKubelet(name, RENEW_MS);
      await clock.advance(random.between(0, (2 * RENEW_MS) / names.length));
    }
    note('Leases are renewed again');
  }

  /** Every kubelet tries again with a backoff, so that the last is back long after the first. */
  async function goDown(): Promise<void> {
    note('the API server is down');
    const isWatched = random.chance(0.5);
    server.setDown(true);
    if (!isWatched) server.setCut(true);
    await clock.advance(random.between(3_000, 40_000));
    server.setDown(false);
    server.setCut(false);
    note('the API server is back');
  }

  async function cut(): Promise<void> {
    note('the watch is cut');
    server.setCut(true);
    await clock.advance(random.between(500, 20_000));
    server.setCut(false);
    note('the watch is no longer cut');
  }

  async function standStill(): Promise<void> {
    note('the process stands still');
    clock.jump(random.between(1_500, 60_000));
    await clock.advance(1);
    note('the process goes on');
  }

  try {
    for (const name of names) {
      server.putNode(name);
      server.startKubelet(name, RENEW_MS);
      await clock.advance(random.between(0, RENEW_MS / names.length));
    }
    await clock.advance(LEARN_MS);
    while (at() < startedAt + TROUBLED_MS && problem === null) {
      const drawn = random.next();
      if (drawn < 0.35) die();
      else if (drawn < 0.6) comeBack();
      else if (drawn < 0.65) await stopAll();
      else if (drawn < 0.7) await goDown();
      else if (drawn < 0.8) await cut();
      else if (drawn < 0.9) await standStill();
      await clock.advance(random.between(200, 9_000));
    }
    toldAt = at() + NOTICED_WITHIN_MS;
    await clock.advance(NOTICED_WITHIN_MS);
    note('the end');
    for (const name of deadSince.keys()) {
      const isOld = toldAt - (deadSince.get(name) ?? 0) >= NOTICED_WITHIN_MS;
      if (isOld && health.reportOf(name)?.verdict !== 'silent')
        problem ??= `${name} is dead, and is not said to be silent (seed ${seed})`;
    }
    for (const name of alive())
      if (health.isNotable(name)) problem ??= `${name} works, and is still said to be silent (seed ${seed})`;
  } finally {
    await health.close();
  }
  return { trace, problem, silences };
}
