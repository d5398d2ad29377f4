/**
 * DemotedPods: users ask for `on-demote`, pods that led stop being Ready and soon are again, and
 * what zen-lead ends comes back under the same name.
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without it is the
 * same run as before there was any.
 */

import { parseDemotion } from '../../lib/selection/demotion.ts';
import { annotation } from '../../lib/selection/names.ts';
import { leadersOf } from './checks/checkRouted.ts';
import { annotationOf } from './kubeObject.ts';
import { createRandom } from './random.ts';
import type { Troubles } from './troubles.ts';
import type { Workload } from './workload.ts';

export interface DemotedPodsOptions extends Troubles {
  readonly workload: Workload;
}

/** Of runs. */
const SHARE = 0.25;
/** Users have made the sources by then. */
const FIRST_MS = 2_500;
const PACE_MS = 1_200;
/** Of requests that end a pod. */
const OF_HELD = 0.5;
/** Within MAX_WRITE_DELAY_MS, with what a link adds. */
const MAX_HELD_MS = 3_000;
/** Of flips: the pod is replaced under its name. */
const OF_REPLACED = 0.3;
/** Of actions: a user changes the annotation, or takes the record away; else a leader flips. */
const OF_USER = 0.1;
const OF_BUDGET = 0.4;

export function startDemotedPods(options: DemotedPodsOptions): void {
  const { cluster, workload, scheduler, verdict, seed, sources, until, isOn } = options;
  const { server } = cluster;
  const { etcd } = server;
  const random = createRandom(seed ^ 0x5eed);
  if (isOn === false || (!random.chance(SHARE) && isOn !== true)) return;

  etcd.subscribe(({ plural, type, object }) => {
    const { name } = object.metadata;
    if (plural !== 'pods' || type !== 'DELETED') return;
    scheduler.schedule(random.between(5, 1_500), () => workload.replace(name));
  });

  // What ends a pod is often long on its way, while the pod may come back and be elected again.
  cluster.holdRequests((request) => {
    const isHeld = scheduler.now() < until && /^(evict|delete|get) pods\//.test(request) && random.chance(OF_HELD);
    return isHeld ? random.between(0, MAX_HELD_MS) : 0;
  });

  function annotate(name: string, mode: string): string | null {
    if (etcd.read('services', name) === undefined) return null;
    server.patch('user', 'services', name, { metadata: { annotations: { 'zen-lead.io/on-demote': mode } } });
    return `user wants on-demote: ${name} ${mode}`;
  }

  function flip(): string | null {
    const leaders = leadersOf(etcd);
    const pod = random.pickAny(etcd.list('pods').filter(({ metadata }) => leaders.has(metadata.uid)));
    if (pod === undefined) return null;
    const { name, uid } = pod.metadata;
    workload.setReady(name, uid, false);
    if (random.chance(OF_REPLACED)) scheduler.schedule(random.between(5, 900), () => workload.kill(name, uid));
    else scheduler.schedule(random.between(5, 900), () => workload.setReady(name, uid, true));
    return `a leader flips: ${uid}`;
  }

  /** By hand, so that a run sees more than one demotion. */
  function forget(): string | null {
    const settled = etcd
      .list('endpointslices')
      .filter((slice) => (parseDemotion(annotationOf(slice, annotation.demotion))?.state ?? 'pending') !== 'pending');
    for (const { metadata } of settled)
      server.patch('user', 'endpointslices', metadata.name, {
        metadata: { annotations: { [annotation.demotion]: null } },
      });
    return settled.length === 0 ? null : `user forgets demotions: ${settled.length}`;
  }

  function act(): void {
    if (scheduler.now() >= until) return;
    const mode = random.pick(['evict', 'delete', 'delete', 'none']);
    const drawn = random.next();
    const done =
      drawn < OF_USER ? annotate(random.pickAny(sources) ?? '', mode) : drawn < OF_BUDGET ? forget() : flip();
    if (done !== null) verdict.note(`* ${done}`);
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }

  scheduler.schedule(FIRST_MS, () => {
    for (const name of sources) annotate(name, random.pick(['evict', 'delete']));
    act();
  });
}
