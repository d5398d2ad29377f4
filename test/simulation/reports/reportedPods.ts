/**
 * ReportedPods: callers from outside that report pods, mostly leaders, and take that back. Two of
 * them may, one may not, and all of them come to functions whose clocks may be wrong.
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without reports is
 * the same run as before there were any.
 */

import { leadersOf } from '../checks/checkRouted.ts';
import { NAMESPACE } from '../kubeObject.ts';
import { createRandom } from '../random.ts';
import type { Troubles } from '../troubles.ts';
import { callers } from './callers.ts';

/** Of runs. */
const SHARE = 0.2;
const SEED_MASK = 0x13bead;
/** Users have made the sources by then. */
const FIRST_MS = 3_500;
const PACE_MS = 1_500;
const MAX_CALL_DELAY_MS = 2_000;

export function startReportedPods(options: Troubles): void {
  const { cluster, scheduler, verdict, seed, sources, until, isOn } = options;
  const { server, network, functionNames } = cluster;
  const { etcd } = server;
  const random = createRandom(seed ^ SEED_MASK);
  const isDrawn = random.chance(SHARE);
  if (isOn === false || (!isDrawn && isOn !== true)) return;

  function report(): string | null {
    const leaders = leadersOf(etcd);
    const all = etcd.list('pods');
    const led = random.chance(0.7) ? all.filter(({ metadata }) => leaders.has(metadata.uid)) : all;
    const pod = random.pickAny(led);
    const target = random.pickAny(functionNames);
    const source = random.pickAny(sources);
    if (pod === undefined || target === undefined || source === undefined) return null;
    const { name, uid } = pod.metadata;
    const caller = random.pick(callers);
    const forSeconds = random.pick([1, 2, 5, 20]);
    const fit = random.chance(0.25);
    const about = {
      id: `report-${Math.round(scheduler.now())}`,
      service: { namespace: NAMESPACE, name: source },
      report: { pod: name, fit, forSeconds, reason: 'simulated', ...(random.chance(0.5) && { uid }) },
    };
    const delayMs = network.delayMs('outside', target, MAX_CALL_DELAY_MS);
    if (delayMs !== null)
      scheduler.schedule(delayMs, () =>
        cluster.report(target, caller, about, (answer) => verdict.note(`  ${target} answers ${caller}: ${answer}`)),
      );
    return `${caller} reports ${uid} of ${source} ${fit ? 'fit' : `unfit for ${forSeconds} s`} to ${target}`;
  }

  function act(): void {
    if (scheduler.now() >= until) return;
    const done = report();
    if (done !== null) verdict.note(`* ${done}`);
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }
  scheduler.schedule(FIRST_MS, act);
}
