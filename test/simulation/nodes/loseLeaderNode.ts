/**
 * loseLeaderNode: makes a trouble in a cluster that is well. A node that a leader stands on dies,
 * and its pods stay Ready, as they do for 40 s and more. zen-lead has to leave it sooner.
 */

import { parsePod } from '../../../lib/kube/parsePod.ts';
import { parseService } from '../../../lib/kube/parseService.ts';
import { annotation } from '../../../lib/selection/names.ts';
import { parseVerdicts } from '../../../lib/selection/outsideVerdict.ts';
import { isFit } from '../checks/fit.ts';
import type { Cluster } from '../cluster.ts';
import { annotationOf, controllerOf, endpointsOf, type KubeObject } from '../kubeObject.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Verdict } from '../verdict.ts';
import type { SimulatedNodes } from './simulatedNodes.ts';

interface LoseLeaderNodeOptions {
  readonly cluster: Cluster;
  readonly sources: readonly string[];
  readonly scheduler: Scheduler;
  readonly verdict: Verdict;
  isOver(): boolean;
}

/**
 * A silence of 5 s, looked at once a second, and the longest `failover-min-delay` that users set
 * (8 s).
 */
const LEFT_WITHIN_MS = 16_000;

export async function loseLeaderNode(nodes: SimulatedNodes, options: LoseLeaderNodeOptions): Promise<void> {
  const { cluster, sources, scheduler, verdict, isOver } = options;
  const { etcd } = cluster.server;
  const leaderOf = (source: KubeObject): string | undefined =>
    etcd
      .list('endpointslices')
      .filter((slice) => controllerOf(slice)?.uid === source.metadata.uid)
      .filter((slice) => annotationOf(slice, 'zen-lead.io/pods-revision') !== undefined)
      .flatMap((slice) => endpointsOf(slice).flatMap(({ targetRef }) => targetRef?.uid ?? []))[0];
  const nodeOf = (uid: string | undefined): string | undefined =>
    etcd
      .list('pods')
      .map(parsePod)
      .find((pod) => pod.uid === uid)?.nodeName;

  const [first] = sources.flatMap((name) => etcd.read('services', name) ?? []);
  const dead = first === undefined ? undefined : nodeOf(leaderOf(first));
  if (dead === undefined || !cluster.watchesNodes()) return;
  const diedAt = scheduler.now();
  verdict.note(`* the last: ${dead} dies, and its pods stay Ready`);
  nodes.die(dead);
  await scheduler.runUntil(scheduler.now() + LEFT_WITHIN_MS, isOver);
  for (const source of sources.flatMap((name) => etcd.read('services', name) ?? [])) {
    const view = parseService(source);
    const pods = etcd.list('pods').map(parsePod);
    // A clock that was ahead when a caller reported a pod may have made the report an hour longer.
    const reported = etcd
      .list('endpointslices')
      .filter((slice) => controllerOf(slice)?.uid === source.metadata.uid)
      .flatMap((slice) => parseVerdicts(annotationOf(slice, annotation.verdicts)))
      .flatMap(({ pod, fit, until }) => (!fit && until > diedAt ? [pod] : []));
    const hasOther = pods.some((pod) => pod.nodeName !== dead && isFit(pod, view) && !reported.includes(pod.uid));
    const isFree =
      annotationOf(source, 'zen-lead.io/enabled') === 'true' &&
      (annotationOf(source, 'zen-lead.io/paused') ?? 'false') === 'false' &&
      annotationOf(source, 'zen-lead.io/role-check') === undefined &&
      // The other pods may lead siblings.
      annotationOf(source, 'zen-lead.io/elections') === undefined &&
      annotationOf(source, 'zen-lead.io/active') === undefined &&
      !view.terminating;
    const leader = leaderOf(source);
    if (!isOver() && hasOther && isFree && leader !== undefined && nodeOf(leader) === dead)
      verdict.violate('nodes', `${source.metadata.name}: ${leader} leads ${LEFT_WITHIN_MS} ms after ${dead} has died`);
  }
}
