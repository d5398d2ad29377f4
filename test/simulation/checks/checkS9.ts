/**
 * Checks S9. Nothing older than the last decision's state moves anything, so the revisions in the
 * record do not go down. After a rename the record is another slice of the same source. No write
 * is fenced by two slices, so a decision that is on its way then may still follow.
 *
 * A revision may go down from one that a user wrote, or that belongs to an etcd which has since
 * been restored. Then a consistent LIST decides, and its own, lower revisions are recorded.
 */

import { annotation, label } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, controllerOf, electionOf, type KubeObject } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

export interface RevisionLedger {
  /** `knownSince`: the state that was decided on was read or built no earlier. */
  check(write: LeaderWrite, etcd: Etcd, knownSince: number, now: number): string | null;
}

export function createRevisionLedger(): RevisionLedger {
  /**
   * Slices, as `<uid>/<resourceVersion>`, whose record is ahead of the etcd that it was written to.
   */
  const ahead = new Set<string>();
  /** When each slice was last decided on, by its uid. */
  const decidedAt = new Map<string, number>();
  return {
    check({ before, after, isPrimary, podsRevision, servicesRevision }, etcd, knownSince, now) {
      if (!isPrimary) return null;
      const { uid, resourceVersion, name } = after.metadata;
      const recorded = [podsRevision, servicesRevision].map(Number);
      if (recorded.some((revision) => revision > etcd.revision())) ahead.add(`${uid}/${resourceVersion}`);
      const others = etcd.list('endpointslices').filter((slice) => {
        const at = decidedAt.get(slice.metadata.uid);
        return isBeside(slice, after) && at !== undefined && at < knownSince;
      });
      decidedAt.set(uid, now);
      for (const last of before === null ? others : [before, ...others]) {
        if (ahead.has(`${last.metadata.uid}/${last.metadata.resourceVersion}`)) continue;
        for (const key of [annotation.podsRevision, annotation.servicesRevision]) {
          const [was, is] = [annotationOf(last, key), annotationOf(after, key)];
          const isOfThisEra = Number(was) <= etcd.revision();
          // A slice that was the record keeps its notes while its endpoint is taken away.
          const isKept = last !== before && is === annotationOf(before, key);
          if (was !== undefined && isOfThisEra && !isKept && Number(is) < Number(was))
            return `slice ${name} was decided on ${key} ${is}, after ${was}`;
        }
      }
      return null;
    },
  };
}

function isBeside(slice: KubeObject, other: KubeObject): boolean {
  return (
    slice.metadata.uid !== other.metadata.uid &&
    controllerOf(slice)?.uid === controllerOf(other)?.uid &&
    // Those of several sources may have lost their owner.
    slice.metadata.labels?.[label.sourceService] === other.metadata.labels?.[label.sourceService] &&
    electionOf(slice) === electionOf(other)
  );
}
