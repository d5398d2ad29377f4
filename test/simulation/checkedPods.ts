/**
 * CheckedPods: what happens around health checks. Users ask for one, pods hang, alone or all of
 * them, and a prober is cut off from the pods.
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without checks is
 * the same run as before there were any.
 */

import { leadersOf } from './checks/checkRouted.ts';
import type { KubeObject } from './kubeObject.ts';
import { PODS } from './podNetwork.ts';
import { createRandom } from './random.ts';
import type { Troubles } from './troubles.ts';

const ACTOR = 'user';
/** Two checks, for a verdict by the other one must count for nothing. */
const checks = ['http://:80/', 'tcp://:81'] as const;
const timing = { interval: '1s', timeout: '300ms', 'failure-threshold': '2' };
/** Users have made the sources by then. */
const FIRST_MS = 2_500;
const PACE_MS = 3_000;
/** Of runs. */
const SHARE = 0.3;
/** Of hangs: how many are of a leader, and how many of all pods. */
const OF_LEADER = 0.6;
const OF_ALL = 0.1;

export function startCheckedPods({ cluster, scheduler, verdict, seed, sources, until, isOn }: Troubles): void {
  const { server, podNetwork, network, bridgeNames } = cluster;
  const { etcd } = server;
  const random = createRandom(~seed);
  if (!random.chance(SHARE) && isOn !== true) return;
  if (isOn === false) return;

  function askFor(check: string | null): string | null {
    const name = random.pickAny(sources);
    if (name === undefined || etcd.read('services', name) === undefined) return null;
    const settings = Object.entries(timing).map(([key, value]) => [`zen-lead.io/health-check-${key}`, value]);
    // Without stickiness the strategy wants a pod back that was left for its check.
    const sticky = check !== null && random.chance(0.5) ? 'false' : null;
    const annotations = {
      ...Object.fromEntries(settings),
      'zen-lead.io/health-check': check,
      'zen-lead.io/sticky': sticky,
    };
    server.patch(ACTOR, 'services', name, { metadata: { annotations } });
    return `user asks for a check: ${name} ${check}`;
  }

  function pickHanging(): readonly KubeObject[] {
    const all = etcd.list('pods');
    if (random.chance(OF_ALL)) return all;
    const leaders = leadersOf(etcd);
    const led = random.chance(OF_LEADER) ? all.filter(({ metadata }) => leaders.has(metadata.uid)) : all;
    const one = random.pickAny(led);
    return one === undefined ? [] : [one];
  }

  function hang(): string | null {
    const hanging = pickHanging();
    if (hanging.length === 0) return null;
    for (const { metadata } of hanging) podNetwork.hang(metadata.uid, scheduler.now() + random.between(500, 15_000));
    return `pods hang: ${hanging.map(({ metadata }) => metadata.uid).join(', ')}`;
  }

  function cutOff(): string {
    const bridge = random.pickAny(bridgeNames) ?? 'bridge-0';
    network.cut(bridge, PODS, scheduler.now() + random.between(300, 12_000));
    return `a prober is cut from the pods: ${bridge}`;
  }

  function act(): void {
    if (scheduler.now() >= until) return;
    const drawn = random.next();
    const done =
      drawn < 0.12 ? askFor(random.pickAny([...checks, ...checks, null]) ?? null) : drawn < 0.8 ? hang() : cutOff();
    if (done !== null) verdict.note(`* ${done}`);
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }

  scheduler.schedule(FIRST_MS, () => {
    askFor(checks[0]);
    act();
  });
}
