/**
 * judgeNodes: says which nodes are silent, and when that is not to be believed.
 *
 * A node whose Lease is late makes no verdict yet. It only counts for the guards. All Leases that
 * stop together are late before the first of them is silent, so the guards are in time.
 *
 * Guarantees: pure. No node is silent without another one that was heard meanwhile.
 * Does not guarantee that a silent node is dead.
 * Source: https://kubernetes.io/docs/concepts/architecture/nodes/#rate-limits-on-eviction (55 %,
 * and more than two nodes).
 * Source: https://pkg.go.dev/k8s.io/component-helpers@v0.35.4/apimachinery/lease (`maxBackoff` in
 * controller.go).
 */

import type { Gap } from '../watch/watchTrust.ts';
import type { Renewal } from './renewals.ts';

/** What connections to a node's port say. All instants are monotonic milliseconds. */
export interface PortSigns {
  /** Null where none was ever answered. */
  readonly answeredAt: number | null;
  /** The first of the failures in a row that count; null where the last one was none. */
  readonly failingFrom: number | null;
  readonly failures: number;
}

export interface NodeSigns {
  readonly name: string;
  readonly renewal: Renewal | undefined;
  /** Undefined where the node is not asked. */
  readonly port: PortSigns | undefined;
}

export type VoidReason = 'stale' | 'mass' | 'none-fresh';

export interface Judgement {
  /** Empty where verdicts are void. */
  readonly silent: ReadonlySet<string>;
  /** What would be silent if verdicts were not void. */
  readonly suspects: ReadonlySet<string>;
  readonly voidedBy: VoidReason | null;
}

export interface JudgingState {
  readonly now: number;
  /** No silence before this counts: the process stood still then, or verdicts were void. */
  readonly countsFrom: number;
  /** The watch of the Leases cannot be relied on. */
  readonly isStale: boolean;
  /** When none was open, the last time: the API server may have been away. Null: never. */
  readonly lastGap: Gap | null;
}

/** 2.5 gaps: two renewals were missed, and half a gap is left for a slow one. */
const SILENT_GAPS = 2.5;
const LEAST_SILENT_MS = 5_000;
/**
 * A kubelet that has reached no API server waits for 7 s at most before it tries again. That counts
 * for nodes that were not heard since verdicts were void, or since the watch was cut. Of two
 * kubelets that renew every 2 s, one may be back the moment the API server is, and the other one
 * 7 s later.
 */
const LONGEST_RETRY_MS = 8_000;
/** From the renewal to the watch that delivers it. */
const ON_THE_WAY_MS = 1_000;
/** Half of it: a gap, and a quarter of one for jitter. */
const LATE_SHARE = 0.5;
const PORT_FAILURES = 3;
const MASS_SHARE = 0.55;
const MASS_NODES = 2;

export function silentAfterMs({ medianGapMs }: Renewal): number | null {
  return medianGapMs === null ? null : Math.max(LEAST_SILENT_MS, SILENT_GAPS * medianGapMs);
}

export function judgeNodes(nodes: readonly NodeSigns[], state: JudgingState): Judgement {
  const listed = nodes.filter(({ renewal }) => renewal !== undefined);
  const known = listed.filter(({ renewal }) => renewal?.lastAt !== null);
  const byPort = new Set(nodes.filter((node) => isSilentByPort(node, nodes, state)));
  // A node that is new to this process may take as long as any other one, and no longer.
  const usualMs = Math.max(...known.flatMap(({ renewal }) => (renewal && silentAfterMs(renewal)) ?? []));
  const late = new Set(listed.filter((node) => byPort.has(node) || isLate(node, usualMs, state)));
  const fresh = known.filter((node) => !late.has(node));
  const suspects = new Set(
    nodes.filter((node) => byPort.has(node) || isSilentByLease(node, fresh, state)).map(({ name }) => name),
  );
  // Of a port without Leases, one that answers is fresh.
  const isAnyFresh = fresh.length > 0 || nodes.some((node) => answers(node, state));
  // Without Leases and connections there are no verdicts that could be void.
  const isAnyHeard = known.length > 0 || nodes.some(({ port }) => port !== undefined);
  // Most nodes may have stopped before this process began, so those that it never heard count, too.
  const isMass = isMost(known, late) || isMost(listed, late);
  const voidedBy = isAnyHeard ? whyVoid(isMass, isAnyFresh, state) : null;
  return { silent: voidedBy === null ? suspects : new Set(), suspects, voidedBy };
}

function whyVoid(isMass: boolean, isAnyFresh: boolean, { isStale }: JudgingState): VoidReason | null {
  if (isStale) return 'stale';
  if (!isAnyFresh) return 'none-fresh';
  return isMass ? 'mass' : null;
}

function isMost(nodes: readonly NodeSigns[], late: ReadonlySet<NodeSigns>): boolean {
  const count = nodes.filter((node) => late.has(node)).length;
  return count > MASS_NODES && count >= MASS_SHARE * nodes.length;
}

function ageMs({ renewal }: NodeSigns, { now, countsFrom }: JudgingState): number {
  return now - Math.max(renewal?.lastAt ?? countsFrom, countsFrom);
}

/** `usualMs`: of a node whose gaps are not known yet; -Infinity where those of no node are. */
function isLate(node: NodeSigns, usualMs: number, state: JudgingState): boolean {
  const limit = node.renewal === undefined ? null : (silentAfterMs(node.renewal) ?? usualMs);
  return limit !== null && limit > 0 && ageMs(node, state) >= limit * LATE_SHARE;
}

/**
 * Another node has to have been heard when this one's renewal was due. That proves that renewals
 * came through, also where the other one renews less often.
 */
function isSilentByLease(node: NodeSigns, fresh: readonly NodeSigns[], state: JudgingState): boolean {
  const usual = node.renewal === undefined ? null : silentAfterMs(node.renewal);
  if (usual === null) return false;
  const lastAt = node.renewal?.lastAt ?? 0;
  const limit = lastAt >= state.countsFrom ? usual : Math.max(usual, LONGEST_RETRY_MS);
  if (ageMs(node, state) < limit || mayBeRetrying(lastAt, limit, state) || answers(node, state)) return false;
  const dueAt = Math.max(lastAt, state.countsFrom) + limit * LATE_SHARE;
  return fresh.some((other) => other !== node && (other.renewal?.lastAt ?? 0) >= dueAt);
}

/**
 * It was not silent when the watch was cut, and the watch is back for less than its kubelet may
 * wait: it doubles its wait, so no longer than it has found no API server.
 */
function mayBeRetrying(lastAt: number, limit: number, { lastGap, now }: JudgingState): boolean {
  if (lastGap === null || lastAt >= lastGap.until || lastGap.from - lastAt >= limit) return false;
  const { from, until } = lastGap;
  return now - until < Math.min(LONGEST_RETRY_MS, until - from + ON_THE_WAY_MS);
}

/** How old an answer may be: three probes. */
const ANSWER_COUNTS_MS = 4_000;

/** The kernel of the node lives, whatever its kubelet does. */
function answers({ port }: NodeSigns, { now }: JudgingState): boolean {
  const at = port?.answeredAt ?? null;
  return at !== null && port?.failingFrom === null && now - at <= ANSWER_COUNTS_MS;
}

function isSilentByPort(node: NodeSigns, nodes: readonly NodeSigns[], { countsFrom }: JudgingState): boolean {
  const { port, renewal } = node;
  if (port === undefined || port.failingFrom === null || port.failures < PORT_FAILURES) return false;
  const { failingFrom } = port;
  if (failingFrom < countsFrom || (renewal?.lastAt ?? Number.NEGATIVE_INFINITY) >= failingFrom) return false;
  return nodes.some((other) => other !== node && (other.port?.answeredAt ?? Number.NEGATIVE_INFINITY) >= failingFrom);
}
