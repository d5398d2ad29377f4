/** Checks S8. A leader that was fit in the state used stays, unless the user lets it go. */

import type { Etcd } from '../etcd.ts';
import { controllerOf, electionOf } from '../kubeObject.ts';
import { isNodeMove } from './checkNodes.ts';
import { roleCheckOf } from './checkRoles.ts';
import { checkOf } from './checkS10.ts';
import { isReportMove } from './checkS13.ts';
import { familyOf, isFit, keepsFamilies, letsGo } from './fit.ts';
import { isHistory } from './isHistory.ts';
import { isLeftForSibling } from './isLeftForSibling.ts';
import type { Basis, LeaderWrite } from './leaderWrite.ts';

export function checkS8(write: LeaderWrite, etcd: Etcd): string | null {
  const { before, after, sourceUid, isPrimary, leaderUid, previousUid, bases, podsRevision } = write;
  // What the ledger of observations and checkS13.ts say of those.
  if (isNodeMove(write) || isReportMove(write)) return null;
  if (!isPrimary || before === null || previousUid === undefined || previousUid === leaderUid) return null;
  if (isHistory(write, etcd) || isLeftForSibling(write, etcd)) return null;
  const slices = etcd.list('endpointslices').filter((slice) => controllerOf(slice)?.uid === sourceUid);
  const standing = slices.filter((slice) => electionOf(slice) === write.election).map(({ addressType }) => addressType);
  const hadReason = ({ pods, source }: Basis): boolean => {
    const leader = pods.find((pod) => pod.uid === previousUid);
    if (leader === undefined || source === null || !isFit(leader, source) || letsGo(source)) return true;
    // Where no slice is made, a leader without an address for those that stand is routed nowhere.
    return keepsFamilies(source) && !leader.ips.some((ip) => standing.includes(familyOf(ip)));
  };
  // S10 and S11 say when a Service with a health check may leave a fit leader, and roles say it,
  // too.
  if (bases.some((basis) => checkOf(basis) !== null || roleCheckOf(basis) !== null)) return null;
  if (bases.length === 0 || bases.some(hadReason)) return null;
  return `slice ${after.metadata.name} left ${previousUid}, which was fit at pods ${podsRevision}, for ${leaderUid ?? 'no pod'}`;
}
