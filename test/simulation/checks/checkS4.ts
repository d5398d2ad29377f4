/**
 * Checks S4. The epoch never goes down and names one pod. No decision uses a state that is older
 * than deadlines allow.
 *
 * Does not check the epoch after a restored etcd, which forgets. A slice that is made again may
 * have a lower epoch only where the clock of its function stood at a lower one, and within the
 * second of the API server in which it was created (docs/decisions/epoch.md).
 */

import { annotation } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

/** From the instant that is in a new epoch to the request that writes it. */
const DECIDED_WITHIN_MS = 1_000;

export interface EpochLedger {
  /** `wallClock`: of the function, when it sent the write. */
  check(write: LeaderWrite, wallClock: number): string | null;
  /** Etcd was restored, and has forgotten what was issued since the backup. */
  forget(): void;
}

export function createEpochLedger(): EpochLedger {
  /** Source uid -> epoch -> pod uid. */
  const named = new Map<string, Map<number, string>>();
  const highest = new Map<string, number>();

  return {
    check({ before, after, sourceUid, sourceName, election, isPrimary, leaderUid, previousUid, epoch }, wallClock) {
      if (!isPrimary) return null;
      const what = `slice ${after.metadata.name}`;
      const previous = Number(annotationOf(before, annotation.epoch) ?? Number.NaN);
      if (epoch < previous) return `${what} went from epoch ${previous} down to ${epoch}`;
      const isMove = leaderUid !== undefined && previousUid !== undefined && leaderUid !== previousUid;
      if (isMove && epoch === previous)
        return `${what} moved from ${previousUid} to ${leaderUid} within epoch ${epoch}`;

      const top = highest.get(`${sourceName} ${election}`) ?? 0;
      const ofSource = named.get(`${sourceUid} ${election}`) ?? new Map<number, string>();
      named.set(`${sourceUid} ${election}`, ofSource);
      const isReissued = Number.isNaN(previous) && epoch <= top;
      const createdAt = Date.parse(after.metadata.creationTimestamp);
      if (isReissued && epoch < Math.max(wallClock - DECIDED_WITHIN_MS, createdAt))
        return `${what} was made again at epoch ${epoch}, after ${top}`;
      // The clock had been behind, so all from here on may be issued a second time.
      if (isReissued) for (const issued of ofSource.keys()) if (issued >= epoch) ofSource.delete(issued);
      highest.set(`${sourceName} ${election}`, isReissued ? epoch : Math.max(top, epoch));
      if (leaderUid === undefined) return null;
      const owner = ofSource.get(epoch) ?? leaderUid;
      if (owner !== leaderUid) return `${what} gives epoch ${epoch} to ${leaderUid}, which ${owner} has had`;
      ofSource.set(epoch, leaderUid);
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
