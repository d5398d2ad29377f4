/**
 * Checks what docs/guarantees.md says of roles. A Service with a role check goes to another pod
 * only where observations in time say that this one is the primary. A fit leader is left only where
 * the same observations say of it that it is not.
 */

import { assess } from '../../../lib/selection/assess.ts';
import { viewsOf } from '../../../lib/selection/elections/electionsOf.ts';
import type { Observations } from '../../../lib/selection/observation.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import type { Etcd } from '../etcd.ts';
import type { PodNetwork } from '../podNetwork.ts';
import { toSnapshot } from './checkSettled.ts';
import { familyOf, isFit } from './fit.ts';
import { isHistory } from './isHistory.ts';
import { isLeftForSibling } from './isLeftForSibling.ts';
import type { Basis, LeaderWrite } from './leaderWrite.ts';

/** The role check that a source asks for, as the actions of the simulation write it. */
export function roleCheckOf({ source }: Basis): string | null {
  return source?.annotations['zen-lead.io/role-check'] ?? null;
}

/** `sent`: the observations that are in time. */
export function checkRoles(write: LeaderWrite, sent: readonly Observations[], etcd: Etcd): string | null {
  const { after, leaderUid, previousUid, bases } = write;
  if (previousUid === undefined || bases.length === 0) return null;
  if (bases.some((basis) => roleCheckOf(basis) === null) || isHistory(write, etcd)) return null;
  const wasFit = bases.every(({ pods, source }) => {
    const leader = pods.find(({ uid }) => uid === previousUid);
    return leader !== undefined && source !== null && isFit(leader, source);
  });
  const mayStay = wasFit && !isLeftForSibling(write, etcd);
  const isJustified = sent.some(({ pods }) => {
    const said = (uid: string | undefined) =>
      pods.find((pod) => pod.uid === uid && bases.some((basis) => roleCheckOf(basis) === pod.check));
    const previous = said(previousUid);
    const maySo = !mayStay || (previous !== undefined && previous.role !== 'primary');
    return maySo && (leaderUid === undefined || said(leaderUid)?.role === 'primary');
  });
  if (isJustified || (leaderUid === undefined && !mayStay)) return null;
  return `slice ${after.metadata.name} left ${previousUid} for ${leaderUid ?? 'no pod'}, and no role in time says why`;
}

/**
 * Once all is well, the only pod that is the primary leads each election, in one slot of a pool.
 * With `spread: require` it leads one election, and the others may not have it.
 */
export function checkFollowed(
  etcd: Etcd,
  sourceNames: readonly string[],
  podNetwork: PodNetwork,
  now: number,
): string | null {
  for (const name of sourceNames) {
    const snapshot = toSnapshot(etcd, name);
    if (roleCheckOf({ source: snapshot.source, pods: [] }) === null) continue;
    for (const view of viewsOf(snapshot)) {
      const unfollowed = whyUnfollowed(view, podNetwork, now);
      if (unfollowed !== null) return `${name}: ${unfollowed}`;
    }
  }
  return null;
}

function whyUnfollowed(view: Snapshot, { isPrimary }: PodNetwork, now: number): string | null {
  const { source, election } = view;
  const { decision } = assess(view, now);
  if (source === null || decision.plan === null) return null;
  if (decision.reason === 'Paused' || decision.reason === 'InvalidService') return null;
  // A source that is being deleted may have kept slices of a family that it asks for no more.
  const [primaryRoute] = decision.plan.routes;
  const fit = view.candidates.filter(
    (pod) =>
      isFit({ ...pod, namespace: '', labels: pod.selected ? (source.selector ?? {}) : {} }, source) &&
      pod.ips.some((ip) => familyOf(ip) === primaryRoute?.family),
  );
  const [primary, ...others] = fit.filter(({ uid }) => isPrimary(uid));
  if (primary === undefined || others.length > 0 || decision.leader?.uid === primary.uid) return null;
  if (election?.taken.has(primary.uid) === true) return null;
  return `${primary.name} alone is the primary, and ${decision.leader?.name ?? 'no pod'} leads (${decision.reason})`;
}
