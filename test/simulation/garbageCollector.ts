/**
 * startGarbageCollector: removes what names an owner that is gone, a while later, as
 * kube-controller-manager does.
 */

import type { ApiServer } from './apiServer.ts';
import type { KubeObject } from './kubeObject.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const collected = ['services', 'endpointslices'] as const;

export function startGarbageCollector(server: ApiServer, scheduler: Scheduler, random: Random): void {
  const { etcd } = server;
  const isOrphaned = ({ metadata }: KubeObject): boolean =>
    (metadata.ownerReferences ?? []).length > 0 &&
    (metadata.ownerReferences ?? []).every(
      (owner) => !etcd.list('services').some((service) => service.metadata.uid === owner.uid),
    );

  function collect(): void {
    for (const plural of collected)
      for (const object of etcd.list(plural)) {
        const { name, uid } = object.metadata;
        if (isOrphaned(object)) server.delete('collector', plural, name, { uid });
      }
  }

  etcd.subscribe(({ plural, type }) => {
    if ((plural === 'services' && type === 'DELETED') || type === 'ADDED')
      scheduler.schedule(random.between(10, 2_000), collect);
  });
}
