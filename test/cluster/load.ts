/**
 * Makes load: many opted-in Services over the same pods. Each asks for another pod in turn
 * (`zen-lead.io/pin-leader`), so that every change is an event, a decision and a write.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Cluster } from './attachCluster.ts';
import type { Workload } from './startWorkload.ts';

interface LoadOptions {
  readonly services: number;
  readonly changesPerSecond: number;
}

interface Load {
  /** Returns the pod that each Service asked for last, by Service. */
  stop(): Promise<Readonly<Record<string, string>>>;
  /** Returns the leading pod by Service. */
  readLeaders(): Promise<Readonly<Record<string, string>>>;
  /** Returns the slices whose epoch was lower in one reading than in an earlier one. */
  epochsThatWentDown(): readonly string[];
}

const sliceList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
      endpoints: z.array(z.object({ targetRef: z.object({ name: z.string() }) })).nullish(),
    }),
  ),
});

export async function startLoad(cluster: Cluster, workload: Workload, options: LoadOptions): Promise<Load> {
  const { namespace } = workload;
  const pods = await workload.pods();
  const names = Array.from({ length: options.services }, (_, index) => `load-${index}`);
  await cluster.apply(names.map((name) => toManifest(namespace, name)).join('---\n'));

  const epochs = new Map<string, number>();
  const wentDown: string[] = [];
  const readLeaders = async (): Promise<Readonly<Record<string, string>>> => {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=endpointslice.kubernetes.io/managed-by=zen-lead.io`;
    const { items } = sliceList.parse(await cluster.request('GET', path));
    const leaders: Record<string, string> = {};
    for (const { metadata, endpoints } of items) {
      const epoch = Number(metadata.annotations?.['zen-lead.io/epoch']);
      if (epoch < (epochs.get(metadata.name) ?? 0)) wentDown.push(metadata.name);
      epochs.set(metadata.name, epoch);
      const source = metadata.labels['kubernetes.io/service-name']?.replace(/-leader$/, '') ?? '';
      const leader = endpoints?.[0]?.targetRef.name;
      if (leader !== undefined && source !== 'web') leaders[source] = leader;
    }
    return leaders;
  };

  const wanted: Record<string, string> = {};
  const stop = new AbortController();
  const change = async (): Promise<void> => {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      const name = names[turn % names.length] ?? '';
      const pod = pods[Math.floor(turn / names.length) % pods.length] ?? '';
      wanted[name] = pod;
      const metadata = { annotations: { 'zen-lead.io/pin-leader': pod } };
      // The rate is given, however fast the API server is, so only the last write of each Service
      // is awaited.
      pending.add(cluster.request('PATCH', `/api/v1/namespaces/${namespace}/services/${name}`, { metadata }));
      if (turn % names.length === 0) await Promise.all(pending).then(() => pending.clear());
      await sleep(1_000 / options.changesPerSecond);
    }
    await Promise.all(pending);
  };
  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await readLeaders();
      await sleep(200);
    }
  };
  const pending = new Set<Promise<unknown>>();
  const working = Promise.all([change(), watch()]);
  return {
    async stop() {
      stop.abort();
      await working;
      return wanted;
    },
    readLeaders,
    epochsThatWentDown: () => wentDown,
  };
}

function toManifest(namespace: string, name: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace}, annotations: { zen-lead.io/enabled: "true" } }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
`;
}
