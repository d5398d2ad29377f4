/**
 * listTroubles: says what users, kubelets and hands do to a Service that is scaled down, each as
 * one action.
 */

import { parseScaleRecord } from '../../../lib/selection/scaleRecord.ts';
import type { ApiServer } from '../apiServer.ts';
import { annotationOf, controllerOf, type KubeObject } from '../kubeObject.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import { DELETION_COST, restartsOf } from './deletionOrder.ts';
import { specOf, WORKLOAD, type WorkloadControllers } from './workloadControllers.ts';

export interface TroublesOptions {
  readonly server: ApiServer;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly source: string;
  readonly controllers: WorkloadControllers;
}

export interface Troubles {
  readonly actions: readonly (() => void)[];
  /** Those that matter most while a function is about to scale. */
  readonly aimed: readonly [() => void, ...(() => void)[]];
  /** A user writes another number. */
  scale(): void;
  /** It is not Ready for some time. */
  loseLeader(): void;
  /** Nothing stands in the way of scale-down. Null opts the Service out. */
  wish(warm: string | null): void;
}

const USER = 'user';

export function listTroubles({ server, scheduler, random, source, controllers }: TroublesOptions): Troubles {
  const { etcd } = server;
  const ours = (plural: string): readonly KubeObject[] =>
    etcd.list(plural).filter((object) => controllerOf(object)?.name === source);

  function annotate(annotations: Readonly<Record<string, string | null>>): void {
    const named = Object.entries(annotations).map(([key, value]) => [`zen-lead.io/${key}`, value]);
    server.patch(USER, 'services', source, { metadata: { annotations: Object.fromEntries(named) } });
  }
  const later = (maxMs: number, run: () => void): void => void scheduler.schedule(random.between(100, maxMs), run);

  function findLeader(): KubeObject | undefined {
    const leader = ours('endpointslices').map((slice) => annotationOf(slice, 'zen-lead.io/leader-pod-name'));
    return controllers.activePods().find(({ metadata }) => leader.includes(metadata.name));
  }
  // Mostly the leader, because little follows from what happens to another one.
  const pickPod = (): KubeObject | undefined =>
    random.chance(0.6) ? findLeader() : random.pickAny(controllers.activePods());
  const onPod = (act: (pod: KubeObject) => void) => (): void => {
    const pod = pickPod();
    if (pod !== undefined) act(pod);
  };
  const patchPod = ({ metadata: { name, uid } }: KubeObject, change: object): void => {
    if (etcd.read('pods', name)?.metadata.uid === uid) server.patch('kubelet', 'pods', name, change);
  };

  /** What stands at two places, and is not just being written, a hand may take away at one. */
  function takeAway(plural: 'services' | 'endpointslices', key: string, isWhole: boolean): void {
    const workload = controllers.read();
    const [record] = ours('endpointslices').flatMap((slice) => annotationOf(slice, 'zen-lead.io/scale-state') ?? []);
    const known = parseScaleRecord(record);
    const remembered = ours('services').map((each) => annotationOf(each, 'zen-lead.io/scale-restore'));
    const isDone = known?.phase === 'down' && workload !== null && specOf(workload).replicas === known.to;
    if (!isDone || !remembered.includes(String(known.from)) || scheduler.now() < known.at + 10_000) return;
    const object = ours(plural).find((each) => annotationOf(each, key) !== undefined);
    if (object === undefined) return;
    const { name } = object.metadata;
    if (isWhole) server.delete(USER, plural, name);
    else server.patch(USER, plural, name, { metadata: { annotations: { [key]: null } } });
  }

  function autoscale(): void {
    if (etcd.read('horizontalpodautoscalers', WORKLOAD) !== undefined) return;
    server.create(USER, 'horizontalpodautoscalers', {
      metadata: { name: WORKLOAD },
      spec: { scaleTargetRef: { kind: controllers.read()?.['kind'], name: WORKLOAD }, metrics: [] },
    });
    later(20_000, () => server.delete(USER, 'horizontalpodautoscalers', WORKLOAD));
  }

  const scale = (): void => controllers.scale(random.pick([2, 3, 4, 5]));
  const unready = onPod((pod) => {
    controllers.setReady(pod, false);
    later(8_000, () => controllers.setReady(pod, true));
  });
  const pin = onPod(({ metadata }) => {
    annotate({ 'pin-leader': random.pickAny(controllers.activePods())?.metadata.name ?? metadata.name });
    later(15_000, () => annotate({ 'pin-leader': null }));
  });
  const optOut = (): void => {
    annotate({ enabled: random.pick([null, 'false', 'ture']) });
    later(30_000, () => annotate({ enabled: 'true' }));
  };

  return {
    aimed: [scale, unready, pin, optOut],
    actions: [
      ...[scale, unready, pin, optOut],
      () => annotate({ 'scale-down': random.pick(['0', '0', '1', '2', 'few', null]) }),
      () => annotate({ 'scale-down-after': random.pick(['0s', '0s', '3s', '20s', 'soon']) }),
      () => {
        annotate({ paused: 'true' });
        later(10_000, () => annotate({ paused: null }));
      },
      () =>
        annotate({ strategy: random.pick(['newest', 'oldest', 'random', null]), sticky: random.pick(['false', null]) }),
      () => {
        annotate({ followers: 'true' });
        later(10_000, () => annotate({ followers: null }));
      },
      onPod((pod) => controllers.deletePod(pod, USER)),
      onPod((pod) => {
        controllers.setReady(pod, false);
        patchPod(pod, { status: { containerStatuses: [{ restartCount: restartsOf(pod) + 1 }] } });
        later(2_000, () => controllers.setReady(pod, true));
      }),
      onPod((pod) =>
        patchPod(pod, { metadata: { annotations: { [DELETION_COST]: random.pick(['-5', '10', 'x', '0']) } } }),
      ),
      () => controllers.rollOut(),
      autoscale,
      () => takeAway('endpointslices', 'zen-lead.io/scale-state', random.chance(0.3)),
      () => takeAway('services', 'zen-lead.io/scale-restore', random.chance(0.3)),
    ],
    scale,
    loseLeader() {
      const leader = findLeader();
      if (leader === undefined) return;
      controllers.setReady(leader, false);
      later(20_000, () => controllers.setReady(leader, true));
    },
    wish(warm) {
      annotate({
        ...{ 'scale-down': warm, 'scale-down-after': '0s', enabled: warm === null ? null : 'true' },
        ...{ paused: null, 'pin-leader': null, followers: null, strategy: null, sticky: null },
      });
    },
  };
}
