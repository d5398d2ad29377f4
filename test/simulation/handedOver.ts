/**
 * HandedOver: users ask for handovers that overlap, and pin one pod after another. Pods that were
 * left stop being fit meanwhile.
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without it is the
 * same run as before there was any.
 */

import { parseHandoverFrom } from '../../lib/selection/handover.ts';
import { annotation } from '../../lib/selection/names.ts';
import { annotationOf } from './kubeObject.ts';
import { createRandom } from './random.ts';
import type { Troubles } from './troubles.ts';
import type { Workload } from './workload.ts';

export interface HandedOverOptions extends Troubles {
  readonly workload: Workload;
}

/** Of runs. */
const SHARE = 0.2;
/** Users have made the sources by then. */
const FIRST_MS = 2_500;
const PACE_MS = 900;
/** Of actions: a pod that was left stops being Ready; else a user moves a leader. */
const OF_FLIPS = 0.4;

/** Values for each annotation. Null takes it away. */
const settings: readonly (readonly [string, readonly (string | null)[]])[] = [
  ['handover', ['overlap', 'overlap', 'gap', 'both']],
  ['handover-overlap', ['500ms', '3s', '20s', '1h', null]],
];

export function startHandedOver(options: HandedOverOptions): void {
  const { cluster, workload, scheduler, verdict, seed, sources, until, isOn } = options;
  const { server } = cluster;
  const { etcd } = server;
  const random = createRandom(seed ^ 0x4a4d);
  if (isOn === false || (!random.chance(SHARE) && isOn !== true)) return;

  function annotate(name: string, key: string, value: string | null): string | null {
    if (etcd.read('services', name) === undefined) return null;
    server.patch('user', 'services', name, { metadata: { annotations: { [`zen-lead.io/${key}`]: value } } });
    return `user annotates ${name}: ${key}=${value}`;
  }

  function flip(): string | null {
    const left = random.pickAny(
      etcd
        .list('endpointslices')
        .flatMap((slice) => parseHandoverFrom(annotationOf(slice, annotation.handoverFrom)) ?? []),
    );
    if (left === undefined) return null;
    workload.setReady(left.pod, left.uid, false);
    scheduler.schedule(random.between(200, 3_000), () => workload.setReady(left.pod, left.uid, true));
    return `a pod that was left flips: ${left.uid}`;
  }

  function act(): void {
    if (scheduler.now() >= until) return;
    const name = random.pickAny(sources) ?? '';
    const pod = random.pickAny(etcd.list('pods'))?.metadata.name ?? null;
    const [key, values] = random.pickAny(settings) ?? ['', []];
    const done = random.chance(OF_FLIPS)
      ? flip()
      : random.chance(0.8)
        ? annotate(name, 'pin-leader', pod)
        : annotate(name, key, random.pickAny(values) ?? null);
    if (done !== null) verdict.note(`* ${done}`);
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }

  scheduler.schedule(FIRST_MS, () => {
    for (const name of sources) annotate(name, 'handover', 'overlap');
    act();
  });
}
