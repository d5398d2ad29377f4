/**
 * Describes where and with what something was measured: a figure means nothing without it.
 */

import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { versions } from '../test/support/controlPlane/findAssets.ts';

export interface Setting {
  /** ISO 8601, to the second. */
  readonly measuredAt: string;
  readonly machine: string;
  /**
   * Load over the last minute, before the benchmark starts anything. More than the number of
   * processors means that others were at work too.
   */
  readonly loadBefore: number;
  readonly node: string;
  readonly kubernetes: string;
  readonly etcd: string;
  /** Commit of the checkout, with `+` when it has changes that are not committed. */
  readonly commit: string;
}

export function describeSetting(): Setting {
  const [cpu] = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return {
    measuredAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    machine: `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${memoryGiB} GiB, Linux ${release()}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    node: process.version,
    kubernetes: versions.kubernetes,
    etcd: versions.etcd,
    commit: readCommit(),
  };
}

function readCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '-uno') === '' ? '' : '+'}`;
  } catch {
    return 'unknown'; // not a checkout
  }
}
