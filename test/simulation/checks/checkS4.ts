/**
 * S4: the epoch never goes down and names one pod, and nothing is decided on a state that is older than deadlines allow.
 *
 * Not guaranteed, and not checked: an epoch after a restored etcd, which forgets; and one made anew by a create that
 * was on its way, or whose function's clock is behind, while another was made and removed: nothing fences a create (docs/guarantees.md).
 */

import { annotation } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

/** A function decides up to 2 s before it sends a create, and its clock may be behind by a little more than half a second. */
const MAX_DIFFERENCE_MS = 3_000;

export interface EpochLedger {
  /** `sentAt`: when the request was sent. */
  check(write: LeaderWrite, sentAt: number): string | null;
  /** Etcd was restored: what was issued since the backup is forgotten. */
  forget(): void;
}

export function createEpochLedger(): EpochLedger {
  /** `<source uid>/<epoch>` -> pod uid. */
  const named = new Map<string, string>();
  const highest = new Map<string, number>();

  return {
    check({ before, after, sourceUid, sourceName, isPrimary, leaderUid, previousUid, epoch }, sentAt) {
      if (!isPrimary) return null;
      const what = `slice ${after.metadata.name}`;
      const previous = Number(annotationOf(before, annotation.epoch) ?? Number.NaN);
      if (epoch < previous) return `${what} went from epoch ${previous} down to ${epoch}`;
      const isMove = leaderUid !== undefined && previousUid !== undefined && leaderUid !== previousUid;
      if (isMove && epoch === previous)
        return `${what} moved from ${previousUid} to ${leaderUid} within epoch ${epoch}`;

      const top = highest.get(sourceName) ?? 0;
      const wasOnItsWay = top >= sentAt - MAX_DIFFERENCE_MS;
      if (
        before === null &&
        epoch <= top &&
        leaderUid !== undefined &&
        !wasOnItsWay &&
        named.get(`${sourceUid}/${epoch}`) !== leaderUid
      )
        return `${what} was made anew at epoch ${epoch}, after ${top}`;
      highest.set(sourceName, Math.max(top, epoch));
      if (leaderUid === undefined) return null;
      const owner = named.get(`${sourceUid}/${epoch}`) ?? leaderUid;
      if (owner !== leaderUid) return `${what} gives epoch ${epoch} to ${leaderUid}, which ${owner} has had`;
      named.set(`${sourceUid}/${epoch}`, leaderUid);
      return null;
    },
    forget() {
      named.clear();
      highest.clear();
    },
  };
}

/** `oldestAt`: the state decided on may not have been superseded before. */
export function checkS4Age(write: LeaderWrite, { history }: Etcd, oldestAt: number, now: number): string | null {
  if (!write.isPrimary || write.leaderUid === write.previousUid) return null;
  const supersededAt = history.supersededAt('pods', Number(write.podsRevision));
  if (supersededAt >= oldestAt) return null;
  const [ageMs, allowedMs] = [now - supersededAt, now - oldestAt].map(Math.round);
  return `slice ${write.after.metadata.name} moved on pods ${write.podsRevision}, superseded ${ageMs} ms ago (allowed: ${allowedMs})`;
}
