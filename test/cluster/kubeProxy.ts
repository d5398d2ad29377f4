/**
 * Reads from the log of kube-proxy when it wrote its rules. kube-proxy writes them at most once in
 * `minSyncPeriod`, and a change that comes sooner waits.
 *
 * Source: Kubernetes 1.35, pkg/proxy/runner/bounded_frequency_runner.go. At least `minInterval`
 * passes between the end of one run and the start of the next. Until 1.33 a bucket of two tokens
 * let one change pass at once.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';

/** In epoch milliseconds. */
export interface ProxySync {
  readonly beganAt: number;
  readonly endedAt: number;
}

/** As kube-proxy takes it. */
export const minSyncPeriod = process.env['ZEN_LEAD_PROXY_MIN_SYNC'] ?? '1s';

/** `I1129 04:48:05.123456   174 proxier.go:1138] "Syncing nftables rules" ipFamily="IPv4"` */
const line = /^I(\d\d)(\d\d) (\S+) .*"(Syncing \w+ rules|SyncProxyRules complete)" ipFamily="IPv4"/gm;

/** Returns the syncs for IPv4 that have ended, in order. */
export function parseSyncs(log: string, year: number): readonly ProxySync[] {
  const syncs: ProxySync[] = [];
  let beganAt: number | undefined;
  for (const [, month, day, time, what = ''] of log.matchAll(line)) {
    // As the clock of this machine shows it, in microseconds.
    const at = Date.parse(`${year}-${month}-${day}T${time?.slice(0, -3)}`);
    if (what.startsWith('Syncing')) beganAt = at;
    else if (beganAt !== undefined) {
      syncs.push({ beganAt, endedAt: at });
      beganAt = undefined;
    }
  }
  return syncs;
}

export function readSyncs({ directory }: Cluster): readonly ProxySync[] {
  return parseSyncs(readFileSync(join(directory, 'kube-proxy.log'), 'utf8'), new Date().getFullYear());
}

/** Waits until kube-proxy would write a change at once. */
export async function waitForRestedProxy(cluster: Cluster): Promise<void> {
  /** More than Kubernetes' own second, and not much of a wait. */
  const restMs = 1_200;
  const deadlineAt = Date.now() + 60_000;
  for (;;) {
    const restsForMs = Date.now() - (readSyncs(cluster).at(-1)?.endedAt ?? 0);
    if (restsForMs >= restMs) return;
    if (Date.now() > deadlineAt) throw new Error('kube-proxy does not rest: something changes each second');
    await sleep(restMs - restsForMs);
  }
}
