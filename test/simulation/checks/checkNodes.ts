/**
 * Checks what docs/guarantees.md says of nodes. A bridge calls no node silent that works. A fit
 * leader is left because of its node only where observations in time say so, for a pod whose node
 * has less against it in the same observations, and never for no pod.
 */

import { annotation } from '../../../lib/selection/names.ts';
import { nodeReasons } from '../../../lib/selection/nodeFault.ts';
import type { NodeObservation, Observations } from '../../../lib/selection/observation.ts';
import { annotationOf } from '../kubeObject.ts';
import type { Network } from '../network.ts';
import { nodeLink, RENEW_MS, type SimulatedNodes } from '../nodes/simulatedNodes.ts';
import type { LeaderWrite } from './leaderWrite.ts';

/** From the renewal of a node that is back to the bridge that watches. */
const ON_THE_WAY_MS = 500;
/** Three connections that fail. */
const CUT_COUNTS_MS = 5_000;

interface Claiming {
  readonly nodes: SimulatedNodes;
  readonly network: Network;
  readonly bridge: string;
  readonly now: number;
  /** How old the view of a bridge may be without any means of knowing. */
  readonly blindMs: number;
}

/** `claims`: what a bridge says of nodes in the event that it sends now. */
export function checkNodeClaims(
  claims: readonly NodeObservation[],
  { nodes, network, bridge, now, blindMs }: Claiming,
): string | null {
  const silent = claims.filter(({ verdict }) => verdict === 'silent');
  const since = now - RENEW_MS - ON_THE_WAY_MS - blindMs;
  // What takes the way to a node for the node is in docs/guarantees.md, "A silent node is dead". Of
  // a bridge that hears of most nodes nothing, the same page says that it calls none silent.
  // It knows that once it has asked them since.
  const isLost = (name: string): boolean => network.cutSince(bridge, nodeLink(name)) < now - CUT_COUNTS_MS;
  const isAlone = nodes.names.filter(isLost).length > nodes.names.length / 2;
  const isCut = (name: string): boolean => !isAlone && network.lastCutAt(bridge, nodeLink(name)) >= now - CUT_COUNTS_MS;
  const wrong = silent.find(({ name }) => !nodes.wasBroken(name, since) && !isCut(name));
  return wrong === undefined ? null : `${bridge} says that ${wrong.name} is silent, and it works`;
}

/** Why this write left the leader, where its node was the reason; null where it was another one. */
export function isNodeMove({ after }: LeaderWrite): boolean {
  return nodeReasons.has(annotationOf(after, annotation.reason) ?? '');
}

/** Of a write that leaves a leader for its node. `sent`: the observations that are in time. */
export function checkNodeMove(write: LeaderWrite, sent: readonly Observations[]): string | null {
  const { after, leaderUid, previousUid, bases } = write;
  if (previousUid === undefined || previousUid === leaderUid || bases.length === 0) return null;
  const nodeNameOf = (uid: string | undefined): string | undefined =>
    bases.flatMap(({ pods }) => pods).find((pod) => pod.uid === uid)?.nodeName;
  const [left, taken] = [nodeNameOf(previousUid), nodeNameOf(leaderUid)];
  const mayLeaveCordon = bases.some(({ source }) => source?.annotations['zen-lead.io/on-cordon'] === 'move');
  const isJustified = sent.some(({ nodes = [] }) => {
    const [from, to] = [rankIn(nodes, left), rankIn(nodes, taken)];
    return from > to && (from > CORDONED || mayLeaveCordon);
  });
  if (isJustified && leaderUid !== undefined) return null;
  return `slice ${after.metadata.name} left ${previousUid} on ${left} for ${leaderUid ?? 'no pod'} on ${taken}, and no node in time says why`;
}

const CORDONED = 1;
const BROKEN = 2;

/** Written a second time, apart from the rules. */
function rankIn(nodes: readonly NodeObservation[], name: string | undefined): number {
  const node = nodes.find((each) => each.name === name);
  if (node === undefined) return 0;
  if (node.verdict === 'silent' || node.condition !== undefined) return BROKEN;
  return node.cordoned === true ? CORDONED : 0;
}
