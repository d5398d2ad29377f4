/**
 * Tells where the time of a failover went that a client saw: until the route was written, which is
 * zen-lead's part, until kube-proxy began with its rules, until it had written them, until the
 * client had an answer.
 */

import { join } from 'node:path';
import { z } from 'zod';
import { watchLines } from '../support/controlPlane/watchLines.ts';
import type { Cluster } from './attachCluster.ts';
import { readSyncs } from './kubeProxy.ts';
import { type Answer, isAnswered, longestDark } from './traffic.ts';

/**
 * In milliseconds, one after the other. This process hears of a write some milliseconds after
 * kube-proxy does, so that a wait may be less than 0.
 */
export interface Stages {
  /** From the last connection that was answered until the slice with the new leader was seen. */
  readonly written: number;
  /** Until kube-proxy began to write its rules. */
  readonly waited: number;
  /** Until the rules were written. */
  readonly programmed: number;
  /** Until the first connection that this leader answered began. */
  readonly connected: number;
}

interface Watched {
  /** Returns when a slice with this leader was first seen, in epoch milliseconds. */
  writtenAt(leader: string): number | undefined;
  close(): Promise<void>;
}

const event = z.object({
  object: z.object({ endpoints: z.array(z.object({ targetRef: z.object({ name: z.string() }) })).nullish() }),
});

/** Notes when the route of a leader Service changes. */
export async function watchRoute(cluster: Cluster, namespace: string, leaderService: string): Promise<Watched> {
  const stop = new AbortController();
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const server = { url: 'http://localhost', socketPath: join(cluster.directory, 'api.sock') };
  const path = `${slices}?labelSelector=kubernetes.io/service-name=${leaderService}`;
  const lines = await watchLines(server, path, stop.signal);
  const seen = new Map<string, number>();
  const reading = (async () => {
    for await (const line of lines) {
      const leader = event.parse(line).object.endpoints?.[0]?.targetRef.name;
      if (leader !== undefined && !seen.has(leader)) seen.set(leader, Date.now());
    }
  })();
  return {
    writtenAt: (leader) => seen.get(leader),
    async close() {
      stop.abort();
      await reading;
    },
  };
}

/** `writtenAt` is when the slice that names `leader` was seen. */
export function tellStages(
  cluster: Cluster,
  answers: readonly Answer[],
  leader: string,
  writtenAt: number | undefined,
): Stages {
  const { from } = longestDark(answers);
  const connectedAt = answers.find((each) => isAnswered(each) && each.at > from && each.pod === leader)?.at;
  if (writtenAt === undefined || connectedAt === undefined) throw new Error(`${leader} was not seen to lead`);
  // The one that this client had its answer from. One that began before the write may not have it.
  const sync = readSyncs(cluster).findLast(({ beganAt }) => beganAt <= connectedAt);
  if (sync === undefined) throw new Error('the log of kube-proxy names no sync');
  return {
    written: writtenAt - from,
    waited: sync.beganAt - writtenAt,
    programmed: sync.endedAt - sync.beganAt,
    connected: connectedAt - sync.endedAt,
  };
}
