/**
 * createFinalizers: keeps deleted objects for a while, as a cloud controller keeps a Service of
 * type LoadBalancer until the load balancer is gone.
 *
 * Guarantees: every object is let go within `MAX_HELD_MS`, or after `holdOn` when its owner is
 * gone.
 */

import { label, SLICE_MANAGER } from '../../lib/selection/names.ts';
import type { Action } from './action.ts';
import { type ApiServer, waitsForFinalizer } from './apiServer.ts';
import { controllerOf, type KubeObject, labelOf } from './kubeObject.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Finalizers {
  readonly actions: readonly Action[];
  start(): void;
  /**
   * Sources and slices that wait now are kept until the end of the run. In some runs a source is
   * deleted first. Says what it did.
   */
  holdOn(): string;
}

const ACTOR = 'cloud';
/** What happens to a route meanwhile takes a few seconds at most. */
const MAX_HELD_MS = 20_000;
const TICK_MS = 1_000;
/**
 * Of runs that hold on. Without it one run of 60 ended with a source that waits and a leader that
 * was lost meanwhile.
 */
const OF_DELETED = 0.5;
const kept = ['services', 'endpointslices'] as const;

export function createFinalizers(
  server: ApiServer,
  scheduler: Scheduler,
  random: Random,
  sources: readonly string[],
): Finalizers {
  const { etcd } = server;
  const releasedAt = new Map<string, number>();
  let isHolding = false;

  const hasOwner = (object: KubeObject): boolean => {
    const owner = controllerOf(object);
    return owner === undefined || etcd.list('services').some(({ metadata }) => metadata.uid === owner.uid);
  };

  /** Reads every object instead of changes, because a restored etcd sends none. */
  function tick(): void {
    for (const plural of kept)
      for (const object of etcd.list(plural).filter(waitsForFinalizer)) {
        const { uid, name } = object.metadata;
        const dueAt = releasedAt.get(uid) ?? scheduler.now() + random.between(0, MAX_HELD_MS);
        releasedAt.set(uid, dueAt);
        const isHeld = isHolding ? hasOwner(object) : scheduler.now() < dueAt;
        if (!isHeld) server.patch(ACTOR, plural, name, { metadata: { finalizers: null } });
      }
    scheduler.schedule(TICK_MS, tick);
  }

  function deleteWithFinalizer(plural: string, object: KubeObject | undefined): string | null {
    if (object === undefined || waitsForFinalizer(object)) return null;
    const { name } = object.metadata;
    server.patch(ACTOR, plural, name, { metadata: { finalizers: ['example.com/held'] } });
    server.delete('user', plural, name);
    return `${plural}/${name}`;
  }

  function deleteSource(): string | null {
    return deleteWithFinalizer(
      'services',
      random.pickAny(sources.flatMap((name) => etcd.read('services', name) ?? [])),
    );
  }

  return {
    start: tick,
    holdOn() {
      isHolding = true;
      const deleted = random.chance(OF_DELETED) ? deleteSource() : null;
      return `what waits for a finalizer is kept${deleted === null ? '' : `, and a user deletes ${deleted}`}`;
    },
    actions: [
      {
        name: 'user deletes the source, which waits for a finalizer',
        weight: 1,
        run: deleteSource,
      },
      {
        name: 'user deletes our slice, which waits for a finalizer',
        weight: 1,
        run: () =>
          deleteWithFinalizer(
            'endpointslices',
            random.pickAny(
              etcd.list('endpointslices').filter((slice) => labelOf(slice, label.sliceManagedBy) === SLICE_MANAGER),
            ),
          ),
      },
    ],
  };
}
