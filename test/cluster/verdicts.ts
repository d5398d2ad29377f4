/**
 * Tells what each bridge made of a pod that began to fail, or became the primary: when it knew, and
 * how many probes said nothing because the bridge itself was late (S11).
 */

import { z } from 'zod';
import type { Cluster } from './attachCluster.ts';
import { listPods, readMetrics } from './zenLead.ts';

export interface Verdicts {
  /** Until each bridge knew it, in milliseconds from `from` on, in order. */
  readonly after: readonly number[];
  /** Void probes of all bridges since then. */
  readonly voids: number;
}

interface Watched {
  /** `from`: epoch milliseconds. */
  tell(pod: string, what: 'failing' | 'primary', from: number): Promise<Verdicts>;
}

const line = z.object({
  time: z.iso.datetime(),
  pod: z.string(),
  verdict: z.string(),
  role: z.string().optional(),
});

export async function watchVerdicts(cluster: Cluster): Promise<Watched> {
  const bridges = await listPods(cluster, 'bridge');
  const countVoids = async (): Promise<number> => {
    const pages = await Promise.all(bridges.map((bridge) => readMetrics(cluster, bridge)));
    const found = pages.flatMap((page) => [
      ...page.matchAll(/^zen_lead_health_checks_total\{.*result="void".*\} (\d+)$/gm),
    ]);
    return found.reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const before = await countVoids();
  return {
    async tell(pod, what, from) {
      const since = `--since-time=${new Date(from).toISOString()}`;
      const logs = await Promise.all(bridges.map((bridge) => cluster.kubectl('-n', 'zen-lead', 'logs', bridge, since)));
      const after = logs.flatMap((log) => firstSaid(log, pod, what, from) ?? []).toSorted((a, b) => a - b);
      return { after, voids: (await countVoids()) - before };
    },
  };
}

function firstSaid(log: string, pod: string, what: string, from: number): number | undefined {
  for (const text of log.split('\n').filter((each) => each.startsWith('{'))) {
    const { data } = line.safeParse(JSON.parse(text));
    const says = data?.pod === pod && (data.verdict === what || data.role === what);
    if (says && Date.parse(data.time) >= from) return Date.parse(data.time) - from;
  }
  return undefined;
}
