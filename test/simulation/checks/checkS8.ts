/** S8: a leader that was fit in the state used stays, unless the user lets it go. */

import { isFit, letsGo } from './fit.ts';
import type { Basis, LeaderWrite } from './leaderWrite.ts';

export function checkS8({
  before,
  after,
  isPrimary,
  leaderUid,
  previousUid,
  bases,
  podsRevision,
}: LeaderWrite): string | null {
  if (!isPrimary || before === null || previousUid === undefined || previousUid === leaderUid) return null;
  const hadReason = ({ pods, source }: Basis): boolean => {
    const leader = pods.find((pod) => pod.uid === previousUid);
    return leader === undefined || source === null || !isFit(leader, source) || letsGo(source);
  };
  if (bases.length === 0 || bases.some(hadReason)) return null;
  return `slice ${after.metadata.name} left ${previousUid}, which was fit at pods ${podsRevision}, for ${leaderUid ?? 'nobody'}`;
}
