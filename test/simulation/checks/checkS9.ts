/**
 * S9: nothing older than what was last decided on moves anything: the revisions in the record do
 * not go down.
 *
 * Except from one that was never true, or is no longer: of an etcd that has since been restored, or
 * of somebody's hand. A consistent LIST decides and records its own, lower ones then.
 */

import { annotation } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

export interface RevisionLedger {
  check(write: LeaderWrite, etcd: Etcd): string | null;
}

export function createRevisionLedger(): RevisionLedger {
  /**
   * Of slices, `<uid>/<resourceVersion>`: their record is ahead of the etcd that it was written to.
   */
  const ahead = new Set<string>();
  return {
    check({ before, after, isPrimary, podsRevision, servicesRevision }, etcd) {
      if (!isPrimary) return null;
      const { uid, resourceVersion, name } = after.metadata;
      const recorded = [podsRevision, servicesRevision].map(Number);
      if (recorded.some((revision) => revision > etcd.revision())) ahead.add(`${uid}/${resourceVersion}`);
      if (before === null || ahead.has(`${uid}/${before.metadata.resourceVersion}`)) return null;
      for (const key of [annotation.podsRevision, annotation.servicesRevision]) {
        const [was, is] = [annotationOf(before, key), annotationOf(after, key)];
        const isOfThisEra = Number(was) <= etcd.revision();
        if (was !== undefined && isOfThisEra && Number(is) < Number(was))
          return `slice ${name} was decided on ${key} ${is}, after ${was}`;
      }
      return null;
    },
  };
}
