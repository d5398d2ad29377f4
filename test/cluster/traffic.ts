/**
 * startTraffic: what a client of the leader Service sees, through kube-proxy, over the time of a story.
 */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Workload } from './workload.ts';

export interface Answer {
  /** Epoch milliseconds at which the connection was begun. */
  readonly at: number;
  /** Who answered; absent: nobody. */
  readonly pod?: string;
  readonly problem?: string;
}

export interface Traffic {
  /** Until this pod has answered a connection begun from now on; when that was begun. */
  waitForAnswer(pod: string | null): Promise<number>;
  /** What it got since the leader's first answer, sorted by when the connection was begun. */
  stop(): Promise<readonly Answer[]>;
}

/** A failover takes a few seconds; the rest is for a busy machine. */
const timeoutMs = 60_000;

export async function startTraffic(cluster: Cluster, workload: Workload): Promise<Traffic> {
  const client = resolve(import.meta.dirname, 'client/client.ts');
  const name = `client-${workload.namespace}-${Date.now()}`;
  const running = cluster.start(name, process.execPath, client, workload.clusterIp, '80');
  const answers = () =>
    running
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Answer => JSON.parse(line))
      .toSorted((a, b) => a.at - b.at);
  const waitForAnswer = async (pod: string | null): Promise<number> => {
    const from = Date.now();
    while (Date.now() - from < timeoutMs) {
      const answer = answers().find(({ at, pod: who }) => at >= from && who !== undefined && who === pod);
      if (answer !== undefined) return answer.at;
      await sleep(50);
    }
    throw new Error(`${pod} did not answer: ${JSON.stringify(answers().slice(-3))}`);
  };
  // kube-proxy follows at its own time, and late after a restart of the API server: the story begins when it has.
  const beganAt = await waitForAnswer(await workload.readLeader());
  return {
    waitForAnswer,
    async stop() {
      await running.stop('SIGKILL');
      return answers().filter(({ at }) => at >= beganAt);
    },
  };
}

/** The longest time within which no connection was answered, in milliseconds. */
export function darkTimeMs(answers: readonly Answer[]): number {
  let longest = 0;
  let litAt = answers[0]?.at ?? 0;
  for (const { at, pod } of answers) {
    if (pod === undefined) continue;
    longest = Math.max(longest, at - litAt);
    litAt = at;
  }
  return longest;
}

/** Who answered, in order, each named once a turn. */
export function turns(answers: readonly Answer[]): readonly string[] {
  const pods = answers.flatMap(({ pod }) => (pod === undefined ? [] : [pod]));
  return pods.filter((pod, index) => pod !== pods[index - 1]);
}
