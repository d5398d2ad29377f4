/**
 * Tells what each bridge made of a leader that began to fail: when it had a verdict, and how many
 * probes said nothing because the bridge itself was late (S11).
 */

import { z } from 'zod';
import type { Cluster } from './attachCluster.ts';
import { listPods, readMetrics } from './zenLead.ts';

export interface Verdicts {
  /** Until each bridge found that the leader fails, in milliseconds from `from` on, in order. */
  readonly after: readonly number[];
  /** Void probes of all bridges since then. */
  readonly voids: number;
}

interface Watched {
  /** `from`: epoch milliseconds. `pod` is the leader that failed. */
  tell(pod: string, from: number): Promise<Verdicts>;
}

const line = z.object({ time: z.iso.datetime(), pod: z.string(), verdict: z.literal('failing') });

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
    async tell(pod, from) {
      const since = `--since-time=${new Date(from).toISOString()}`;
      const logs = await Promise.all(bridges.map((bridge) => cluster.kubectl('-n', 'zen-lead', 'logs', bridge, since)));
      const after = logs.flatMap((log) => firstFailing(log, pod, from) ?? []).toSorted((a, b) => a - b);
      return { after, voids: (await countVoids()) - before };
    },
  };
}

function firstFailing(log: string, pod: string, from: number): number | undefined {
  for (const text of log.split('\n').filter((each) => each.startsWith('{'))) {
    const { data } = line.safeParse(JSON.parse(text));
    if (data?.pod === pod && Date.parse(data.time) >= from) return Date.parse(data.time) - from;
  }
  return undefined;
}
