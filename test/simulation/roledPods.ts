/**
 * RoledPods: an application that elects by itself. Users ask zen-lead to follow it, another pod
 * becomes the primary, two are at once, or none is, pods hang, and a prober is cut off.
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without roles is
 * the same run as before there were any.
 */

import { parsePod } from '../../lib/kube/parsePod.ts';
import { leadersOf } from './checks/checkRouted.ts';
import { PODS } from './podNetwork.ts';
import { createRandom } from './random.ts';
import type { Troubles } from './troubles.ts';

const ACTOR = 'user';
/** Two checks, for an answer to the other one must count for nothing. */
const checks = ['redis://:6379', 'http://:8008/primary'] as const;
const timing = { interval: '1s', timeout: '300ms', 'failure-threshold': '2' };
/** Users have made the sources by then. */
const FIRST_MS = 2_500;
const PACE_MS = 3_000;
/** Of runs. */
const SHARE = 0.2;
const SEED_MASK = 0x2c1b3c6d;

export function startRoledPods({ cluster, scheduler, verdict, seed, sources, until, isOn }: Troubles): void {
  const { server, podNetwork, network, bridgeNames } = cluster;
  const { etcd } = server;
  const random = createRandom(seed ^ SEED_MASK);
  if (!random.chance(SHARE) && isOn !== true) return;
  if (isOn === false) return;

  function askFor(name: string | undefined, check: string | null): string | null {
    if (name === undefined || etcd.read('services', name) === undefined) return null;
    const settings = Object.entries(timing).map(([key, value]) => [`zen-lead.io/health-check-${key}`, value]);
    const noLeader = random.pickAny(['clear', 'hold']) ?? null;
    const annotations = {
      ...Object.fromEntries(settings),
      'zen-lead.io/role-check': check,
      'zen-lead.io/no-leader': noLeader,
    };
    server.patch(ACTOR, 'services', name, { metadata: { annotations } });
    return `user asks for roles: ${name} ${check} ${noLeader}`;
  }

  function elect(): string {
    const ready = etcd.list('pods').filter((pod) => parsePod(pod).ready);
    const next = ready.filter(({ metadata }) => !podNetwork.isPrimary(metadata.uid));
    const chosen = random.pickAny(next.length > 0 ? next : ready);
    const drawn = random.next();
    const before = drawn < 0.2 ? etcd.list('pods').filter(({ metadata }) => podNetwork.isPrimary(metadata.uid)) : [];
    const after = drawn > 0.85 || chosen === undefined ? [] : [chosen, ...before];
    podNetwork.setPrimaries(after.map(({ metadata }) => metadata.uid));
    return `the application elects: ${after.map(({ metadata }) => metadata.uid).join(', ') || 'no pod'}`;
  }

  function hang(): string | null {
    const leaders = leadersOf(etcd);
    const all = etcd.list('pods');
    const some = random.chance(0.1) ? all : [random.pickAny(all.filter(({ metadata }) => leaders.has(metadata.uid)))];
    const uids = some.flatMap((pod) => pod?.metadata.uid ?? []);
    for (const uid of uids) podNetwork.hang(uid, scheduler.now() + random.between(500, 15_000));
    return uids.length === 0 ? null : `pods hang: ${uids.join(', ')}`;
  }

  function cutOff(): string {
    const bridge = random.pickAny(bridgeNames) ?? 'bridge-0';
    network.cut(bridge, PODS, scheduler.now() + random.between(300, 12_000));
    return `a prober is cut from the pods: ${bridge}`;
  }

  function act(): void {
    if (scheduler.now() >= until) return;
    const drawn = random.next();
    const asks = () => askFor(random.pickAny(sources), random.pickAny([...checks, ...checks, null]) ?? null);
    const done = drawn < 0.1 ? asks() : drawn < 0.7 ? elect() : drawn < 0.85 ? hang() : cutOff();
    if (done !== null) verdict.note(`* ${done}`);
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }

  scheduler.schedule(FIRST_MS, () => {
    elect();
    for (const name of sources) askFor(name, checks[0]);
    act();
  });
}
