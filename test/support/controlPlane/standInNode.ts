/**
 * Stands in for scheduler and kubelet: the pods of Deployments and StatefulSets are assigned, run,
 * become Ready, and end when they are deleted.
 *
 * Guarantees: it writes what a scheduler and a kubelet write. The real controllers do the rest.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ControlPlane } from './startControlPlane.ts';

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string(),
        uid: z.string(),
        deletionTimestamp: z.string().optional(),
        ownerReferences: z.array(z.object({ kind: z.string() })).default([]),
      }),
      spec: z.object({ nodeName: z.string().default('') }),
      status: z.object({ phase: z.string().default('Pending') }),
    }),
  ),
});
type PodSeen = z.infer<typeof podList>['items'][number];

export interface StandInNode {
  /** Pods that wait for their node do not become Ready until it goes on. */
  pause(isPaused: boolean): void;
  countReady(namespace: string): Promise<number>;
  close(): Promise<void>;
}

export interface StandInNodeOptions {
  /** How long ago the n-th pod became Ready, milliseconds (default 0). */
  readonly readyAgoMs?: (n: number) => number;
  /** Where the n-th pod runs (default each of the three nodes in turn). */
  readonly nodeOf?: (n: number) => string;
  /** How often the container of the n-th pod has restarted (default 0). */
  readonly restartsOf?: (n: number) => number;
  /** Its deletion cost, where it says one. */
  readonly deletionCostOf?: (n: number) => number | undefined;
}

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const LOOK_EVERY_MS = 50;
const nodeNames = ['node-a', 'node-b', 'node-c'];

export function startStandInNode(
  { request }: Pick<ControlPlane, 'request'>,
  {
    readyAgoMs = () => 0,
    nodeOf = (n) => nodeNames[n % nodeNames.length] ?? '',
    restartsOf = () => 0,
    deletionCostOf = () => undefined,
  }: StandInNodeOptions = {},
): StandInNode {
  const known = new Set<string>();
  let isClosed = false;
  let isPaused = false;
  let started = 0;

  async function run({ metadata, spec }: PodSeen): Promise<void> {
    const n = started++;
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
    if (spec.nodeName === '')
      await request('POST', `${path}/binding`, {
        metadata: { name: metadata.name },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeOf(n) },
      });
    const podIP = `10.245.${Math.floor(n / 250)}.${(n % 250) + 1}`;
    const podIPs = [{ ip: podIP }, { ip: `fd00:10:245::${(n + 1).toString(16)}` }];
    const lastTransitionTime = new Date(Date.now() - readyAgoMs(n)).toISOString().replace(/\.\d+Z$/, 'Z');
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
    const cost = deletionCostOf(n);
    if (cost !== undefined)
      await request('PATCH', path, { metadata: { annotations: { [DELETION_COST]: String(cost) } } });
    const container = { name: 'main', image: 'i', imageID: 'i', ready: true, restartCount: restartsOf(n) };
    const status = { phase: 'Running', podIP, podIPs, conditions, containerStatuses: [container] };
    await request('PATCH', `${path}/status`, { status });
  }

  async function look(): Promise<void> {
    const { items } = podList.parse(await request('GET', '/api/v1/pods'));
    const owned = items.filter(({ metadata }) => metadata.ownerReferences.length > 0);
    for (const pod of owned) {
      const { name, namespace, uid, deletionTimestamp } = pod.metadata;
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      if (deletionTimestamp !== undefined)
        await request('DELETE', path, { gracePeriodSeconds: 0, preconditions: { uid } }).catch(() => undefined);
      else if (!known.has(uid) && !isPaused) {
        known.add(uid);
        // A pod that goes meanwhile needs nothing.
        await run(pod).catch(() => undefined);
      }
    }
  }

  async function watch(): Promise<void> {
    while (!isClosed) {
      await look().catch(() => undefined);
      await sleep(LOOK_EVERY_MS);
    }
  }
  const watching = watch();
  return {
    pause(paused) {
      isPaused = paused;
    },
    async countReady(namespace) {
      const { items } = podList.parse(await request('GET', `/api/v1/namespaces/${namespace}/pods`));
      return items.filter(({ status, metadata }) => status.phase === 'Running' && !metadata.deletionTimestamp).length;
    },
    async close() {
      isClosed = true;
      await watching;
    },
  };
}
