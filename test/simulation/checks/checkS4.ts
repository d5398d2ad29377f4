/**
 * Checks S4. The epoch never goes down and names one pod. No decision uses a state that is older
 * than deadlines allow.
 *
 * Does not check the epoch after a restored etcd, which forgets. Nor does it check a new epoch of a
 * function whose clock is behind that of the previous one, within that difference
 * (docs/guarantees.md).
 */

import { annotation } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

export interface EpochLedger {
  check(write: LeaderWrite): string | null;
  /** Etcd was restored, and has forgotten what was issued since the backup. */
  forget(): void;
}

/** `clockDifferenceMs`: how far two clocks differ at most. */
export function createEpochLedger(clockDifferenceMs: () => number): EpochLedger {
  /** `<source uid>/<epoch>` -> pod uid. */
  const named = new Map<string, string>();
  const highest = new Map<string, number>();

  return {
    check({ before, after, sourceUid, sourceName, isPrimary, leaderUid, previousUid, epoch }) {
      if (!isPrimary) return null;
      const what = `slice ${after.metadata.name}`;
      const previous = Number(annotationOf(before, annotation.epoch) ?? Number.NaN);
      if (epoch < previous) return `${what} went from epoch ${previous} down to ${epoch}`;
      const isMove = leaderUid !== undefined && previousUid !== undefined && leaderUid !== previousUid;
      if (isMove && epoch === previous)
        return `${what} moved from ${previousUid} to ${leaderUid} within epoch ${epoch}`;

      const top = highest.get(sourceName) ?? 0;
      const isAnew = Number.isNaN(previous);
      if (isAnew && epoch <= top - clockDifferenceMs()) return `${what} was made again at epoch ${epoch}, after ${top}`;
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

/** The state decided on may not have been superseded before `oldestAt`. */
export function checkS4Age(write: LeaderWrite, { history }: Etcd, oldestAt: number, now: number): string | null {
  if (!write.isPrimary || write.leaderUid === write.previousUid) return null;
  const supersededAt = history.supersededAt('pods', Number(write.podsRevision));
  if (supersededAt >= oldestAt) return null;
  const [ageMs, allowedMs] = [now - supersededAt, now - oldestAt].map(Math.round);
  return `slice ${write.after.metadata.name} moved on pods ${write.podsRevision}, superseded ${ageMs} ms ago (allowed: ${allowedMs})`;
}
