/**
 * probeTcp: opens a connection and closes it.
 *
 * Does not guarantee that the target works. The kernel accepts for a process that hangs, as long as
 * its backlog has room; a check of http or grpc sees a hang.
 * Source: https://man7.org/linux/man-pages/man2/listen.2.html (backlog).
 */

import { exchange } from './exchange.ts';
import type { Endpoint, ProbeResult } from './probe.ts';

export function probeTcp({ address, check }: Endpoint, signal: AbortSignal): Promise<ProbeResult> {
  return exchange(address, check.port, null, signal);
}
