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
  /** Sorted by when the connection was begun. */
  answers(): readonly Answer[];
  /** Until this pod, or any at all, has answered a connection begun from now on. */
  waitForAnswer(pod?: string): Promise<void>;
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
  const waitForAnswer = async (pod?: string): Promise<void> => {
    const from = Date.now();
    while (
      !answers().some((answer) => answer.at >= from && answer.pod !== undefined && (pod ?? answer.pod) === answer.pod)
    ) {
      if (Date.now() - from > timeoutMs)
        throw new Error(`${pod ?? 'nobody'} answered: ${JSON.stringify(answers().slice(-3))}`);
      await sleep(50);
    }
  };
  await waitForAnswer();
  return {
    answers,
    waitForAnswer,
    async stop() {
      await running.stop('SIGKILL');
      return answers();
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
