/**
 * TroubledNodes: what happens to nodes during a run. One dies, a zone of them dies, a kubelet
 * stands still, no Lease is renewed or that of one node alone, nodes are cordoned or get a
 * condition, and a bridge is cut from their kernels.
 *
 * It draws from a stream of its own. A run without nodes is the same run as before there were any.
 */

import { leadersOf } from '../checks/checkRouted.ts';
import { nodeNameOf } from '../kubeObject.ts';
import { createRandom } from '../random.ts';
import type { Troubles } from '../troubles.ts';
import { type NodeSettings, nodeLink, type SimulatedNodes, UNFIT_CONDITION } from './simulatedNodes.ts';

/** Of runs. */
const SHARE = 0.2;
const SEED_MASK = 0x6e0de5;
const CHECK_PORT = 10_250;
/** Bridges have seen four renewals of each Lease by then. */
const FIRST_MS = 9_000;
const PACE_MS = 4_000;
/** Fewer than the guard against most nodes at once takes: that one is tried by stopping all. */
const MOST_BROKEN = 2;

/** Null where the run has none. */
export function drawNodes(seed: number, isOn: boolean | undefined): NodeSettings | null {
  const random = createRandom(seed ^ SEED_MASK);
  const isDrawn = random.chance(SHARE);
  if (isOn === false || (!isDrawn && isOn !== true)) return null;
  const names = Array.from({ length: 5 + random.below(3) }, (_, at) => `node-${at}`);
  return { names, ...(random.chance(0.5) && { checkPort: CHECK_PORT }) };
}

export function startTroubledNodes(nodes: SimulatedNodes, options: Troubles): void {
  const { cluster, scheduler, verdict, seed, sources, until } = options;
  const { server, network, bridgeNames } = cluster;
  const { etcd } = server;
  const random = createRandom(~seed ^ SEED_MASK);

  /** Those of leaders more often than others. */
  function pickNode(): string {
    const leaders = leadersOf(etcd);
    const led = etcd
      .list('pods')
      .filter(({ metadata }) => leaders.has(metadata.uid))
      .flatMap((pod) => nodeNameOf(pod) ?? []);
    const working = nodes.working();
    const chosen = random.chance(0.7) ? led.filter((name) => working.includes(name)) : [];
    return random.pickAny(chosen) ?? random.pickAny(working) ?? 'node-0';
  }

  const broken = (): readonly string[] => nodes.names.filter((name) => !nodes.working().includes(name));
  const after = (forMs: number, run: () => void): string => {
    scheduler.schedule(forMs, run);
    return `for ${(forMs / 1_000).toFixed(1)} s`;
  };

  function breakOne(act: (name: string) => void): string | null {
    if (broken().length >= MOST_BROKEN) return null;
    const name = pickNode();
    act(name);
    return `${name} ${after(random.between(1_000, 25_000), () => nodes.comeBack(name))}`;
  }

  /** Two nodes at once, as of one zone. */
  function loseZone(): string | null {
    if (broken().length > 0) return null;
    const zone = [pickNode(), ...nodes.working()].slice(0, MOST_BROKEN);
    for (const name of zone) nodes.die(name);
    const back = (): void => {
      for (const name of zone) nodes.comeBack(name);
    };
    return `a zone is lost: ${zone.join()} ${after(random.between(5_000, 25_000), back)}`;
  }

  function stopLeases(): string {
    const forMs = random.between(3_000, 30_000);
    const except = random.chance(0.5) ? random.pickAny(nodes.working()) : undefined;
    nodes.stopLeases(scheduler.now() + forMs, except);
    return `no Lease${except === undefined ? '' : ` but of ${except}`} is renewed for ${(forMs / 1_000).toFixed(1)} s`;
  }

  function cordon(): string {
    const name = pickNode();
    nodes.setCordoned(name, true);
    return `${name} is cordoned ${after(random.between(2_000, 20_000), () => nodes.setCordoned(name, false))}`;
  }

  function deadlock(): string {
    const name = pickNode();
    nodes.setCondition(name, UNFIT_CONDITION);
    return `${name} has ${UNFIT_CONDITION} ${after(random.between(2_000, 20_000), () => nodes.setCondition(name, null))}`;
  }

  function annotate(): string | null {
    const name = random.pickAny(sources) ?? 'db';
    if (etcd.read('services', name) === undefined) return null;
    const annotations = {
      'zen-lead.io/on-cordon': random.pick(['move', 'stay', 'go']),
      'zen-lead.io/sticky': random.pick([null, null, 'false']),
    };
    server.patch('user', 'services', name, { metadata: { annotations } });
    return `user annotates ${name}: ${JSON.stringify(annotations)}`;
  }

  function cutOff(): string {
    const bridge = random.pickAny(bridgeNames) ?? 'bridge-0';
    const names = random.chance(0.5) ? nodes.names : [pickNode()];
    const forMs = random.between(1_000, 12_000);
    for (const name of names) network.cut(bridge, nodeLink(name), scheduler.now() + forMs);
    return `${bridge} is cut from ${names.join()} for ${(forMs / 1_000).toFixed(1)} s`;
  }

  const actions: readonly (readonly [number, () => string | null])[] = [
    [6, () => breakOne(nodes.die)],
    [3, () => breakOne(nodes.freezeKubelet)],
    [2, loseZone],
    [3, stopLeases],
    [3, cordon],
    [1, deadlock],
    [2, annotate],
    [2, cutOff],
  ];
  const total = actions.reduce((sum, [weight]) => sum + weight, 0);

  function act(): void {
    if (scheduler.now() >= until) return;
    let left = random.next() * total;
    const [, run] = actions.find(([weight]) => {
      left -= weight;
      return left < 0;
    }) ?? [0, () => null];
    const done = run();
    if (done !== null) verdict.note(`* nodes: ${done}`);
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }

  nodes.start();
  scheduler.schedule(FIRST_MS, act);
}
