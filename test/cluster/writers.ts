/**
 * Starts writers of numbered rows on the node of the cluster, and reads what became of the rows.
 */

import { delimiter, resolve } from 'node:path';
import { findPostgres } from '../../examples/postgresql/image.ts';
import type { Cluster } from './attachCluster.ts';

export interface Written {
  /** Epoch milliseconds at which the writer sent the row, and had an outcome. */
  readonly at: number;
  readonly answeredAt: number;
  readonly writer: string;
  readonly n: number;
  readonly outcome: 'acknowledged' | 'warned' | 'unknown';
  /** The instance that acknowledged. */
  readonly pod?: string;
  /** Of the leader that acknowledged, as the data say. */
  readonly epoch?: number;
  readonly problem?: string;
}

export interface Writer {
  readonly name: string;
  /** Everything so far, in order. */
  written(): readonly Written[];
  acknowledged(): readonly Written[];
  stop(): Promise<void>;
}

const program = resolve(import.meta.dirname, '../../examples/postgresql/writer.ts');

export function startWriter(cluster: Cluster, name: string, connection: string): Writer {
  const path = `PATH=${findPostgres()?.bin}${delimiter}${process.env['PATH']}`;
  const running = cluster.start(`${name}-${Date.now()}`, 'env', path, process.execPath, program, name, connection);
  const written = () =>
    running
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): Written => ({ writer: name, ...JSON.parse(line) }));
  return {
    name,
    written,
    acknowledged: () => written().filter(({ outcome }) => outcome === 'acknowledged'),
    async stop() {
      await running.stop('SIGKILL');
    },
  };
}

/** Returns the longest time without an acknowledged row after `from`, in milliseconds. */
export function darkWritesMs(acknowledged: readonly Written[], from: number): number {
  let longest = 0;
  let litAt = from;
  for (const { answeredAt } of acknowledged) {
    if (answeredAt < from) continue;
    longest = Math.max(longest, answeredAt - litAt);
    litAt = answeredAt;
  }
  return longest;
}

/**
 * Returns the rows that a leader acknowledged although they were sent after a newer leader had
 * acknowledged one.
 */
export function listLate(acknowledged: readonly Written[]): readonly Written[] {
  const answered = acknowledged.toSorted((a, b) => a.answeredAt - b.answeredAt);
  let newest = 0;
  let next = 0;
  return acknowledged
    .toSorted((a, b) => a.at - b.at)
    .filter(({ at, epoch = 0 }) => {
      for (; (answered[next]?.answeredAt ?? at) < at; next += 1) newest = Math.max(newest, answered[next]?.epoch ?? 0);
      return epoch < newest;
    });
}

/** Returns the epochs, each with the instances that acknowledged under it, in order. */
export function listReigns(acknowledged: readonly Written[]): readonly (readonly [number, ReadonlySet<string>])[] {
  const reigns = new Map<number, Set<string>>();
  for (const { epoch = 0, pod = '' } of acknowledged) reigns.set(epoch, (reigns.get(epoch) ?? new Set()).add(pod));
  return [...reigns].toSorted(([a], [b]) => a - b);
}
