/**
 * Measures what a client of the leader Service sees, through kube-proxy, over the time of a story.
 */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';
import type { Workload } from './startWorkload.ts';

export interface Answer {
  /** Epoch milliseconds at which the connection began. */
  readonly at: number;
  readonly tookMs: number;
  /** The pod that answered; absent without an answer. */
  readonly pod?: string;
  readonly problem?: string;
}

interface Traffic {
  /**
   * Waits until this pod answers a connection that begins from now on. Returns when that connection
   * began.
   */
  waitForAnswer(pod: string | null): Promise<number>;
  /** Returns the answers since the leader's first one, sorted by when the connection began. */
  stop(): Promise<readonly Answer[]>;
}

/**
 * A pod that hangs has no place for a connection once its backlog is full. The client's kernel asks
 * again after a second, and may reach the next leader then. The client was in the dark until then.
 */
const slowMs = 900;
/** A failover takes a few seconds; the rest is for a busy machine. */
const timeoutMs = 60_000;

export async function startTraffic(cluster: Cluster, workload: Workload): Promise<Traffic> {
  const client = resolve(import.meta.dirname, 'client/askLeader.ts');
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
  // kube-proxy follows in its own time, and late after a restart of the API server. The story
  // begins once it has.
  const beganAt = await waitForAnswer(await workload.readLeader());
  return {
    waitForAnswer,
    async stop() {
      await running.stop('SIGKILL');
      return answers().filter(({ at }) => at >= beganAt);
    },
  };
}

/** Returns the longest time within which no connection was answered, in milliseconds. */
export function darkTimeMs(answers: readonly Answer[]): number {
  const { from, to } = longestDark(answers);
  return to - from;
}

/** Returns when the connections before and after that time began, in epoch milliseconds. */
export function longestDark(answers: readonly Answer[]): { readonly from: number; readonly to: number } {
  const first = answers[0]?.at ?? 0;
  let longest = { from: first, to: first };
  let litAt = first;
  for (const { at } of answers.filter(isAnswered)) {
    if (at - litAt > longest.to - longest.from) longest = { from: litAt, to: at };
    litAt = at;
  }
  return longest;
}

export function isAnswered({ pod, tookMs }: Answer): boolean {
  return pod !== undefined && tookMs <= slowMs;
}

/** Returns the pods that answered, in order, each named once a turn. */
export function turns(answers: readonly Answer[]): readonly string[] {
  const pods = answers.flatMap(({ pod }) => (pod === undefined ? [] : [pod]));
  return pods.filter((pod, index) => pod !== pods[index - 1]);
}
