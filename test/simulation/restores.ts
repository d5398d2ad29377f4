/**
 * createRestores: backs etcd up, and goes back to a backup. Revisions are then used a second time,
 * which is why uids exist.
 */

import type { ZenLeadError } from '../../lib/errors.ts';
import { label, SLICE_MANAGER } from '../../lib/selection/names.ts';
import type { Action } from './action.ts';
import type { Cluster } from './cluster.ts';
import type { Backup } from './etcd.ts';
import { type KubeObject, labelOf } from './kubeObject.ts';
import { foreignSliceManifest, readyCondition } from './manifests.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * What others wrote after a backup, more than is written again before a bridge has checked the
 * version that it resumes from. Without such a gap a bridge cannot distinguish the old revisions
 * from the new ones. It is restarted, as Kubernetes asks for after a restore:
 * https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#restoring-an-etcd-cluster
 */
const GAP_REVISIONS = 100_000;
/**
 * Until its check is answered, a bridge takes a watch from the future for a quiet one. That lasts
 * for three lost answers (10 s each) and the waits between.
 */
const CHECKED_MS = 40_000;

export function createRestores(
  cluster: Cluster,
  scheduler: Scheduler,
  random: Random,
  toError: () => ZenLeadError | null,
): readonly Action[] {
  const { server, watchServer, pages, bridgeNames } = cluster;
  const { etcd } = server;
  let backup: Backup | null = null;
  let hasGap = false;
  let isRestored = false;

  function restore(to: Backup): string {
    const from = etcd.revision();
    isRestored = true;
    etcd.restore(to);
    pages.expire();
    cluster.checks.restored();
    watchServer.end(null, toError);
    for (const name of bridgeNames)
      if (hasGap) cluster.mayBeBlind(name, 'restore', CHECKED_MS);
      else cluster.restart(name);
    return `from ${from} to ${to.revision}`;
  }

  /**
   * A function that still writes an older decision finds another object of the same name and the
   * same resourceVersion.
   */
  function takePlace({ metadata: { name, resourceVersion } }: KubeObject): void {
    server.delete('user', 'endpointslices', name);
    // It waits for a finalizer.
    if (etcd.read('endpointslices', name) !== undefined) return;
    etcd.skip(Number(resourceVersion) - 1 - etcd.revision());
    server.create('user', 'endpointslices', foreignSliceManifest(name, 'somebody-elses'));
  }

  return [
    {
      name: 'back etcd up',
      weight: 2,
      run() {
        if (isRestored) return null;
        backup = etcd.backup();
        hasGap = random.chance(0.5);
        if (hasGap) etcd.skip(GAP_REVISIONS);
        return `at ${backup.revision}`;
      },
    },
    {
      name: 'restore etcd',
      weight: 1,
      run: () => (backup === null || isRestored ? null : restore(backup)),
    },
    {
      name: 'restore etcd during a failover, and another client takes the place of our slice',
      weight: 1,
      run() {
        const slice = etcd.list('endpointslices').find((each) => labelOf(each, label.sliceManagedBy) === SLICE_MANAGER);
        const to = backup;
        const known = to?.objects.get('endpointslices')?.has(slice?.metadata.name ?? '');
        if (slice === undefined || to === null || isRestored || hasGap || known !== true) return null;
        // Deleting and making it again takes two revisions.
        if (Number(slice.metadata.resourceVersion) < to.revision + 2) return null;
        for (const { metadata } of etcd.list('pods'))
          server.patch('workload', 'pods', metadata.name, {
            status: { conditions: [readyCondition(random.chance(0.4), scheduler.now())] },
          });
        scheduler.schedule(random.between(0, 12), () => {
          if (isRestored || etcd.read('endpointslices', slice.metadata.name) !== slice) return;
          restore(to);
          takePlace(slice);
        });
        return slice.metadata.name;
      },
    },
  ];
}
