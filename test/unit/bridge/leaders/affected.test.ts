import { describe, expect, it } from 'vitest';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import type { ObjectIdentity, ReflectorStore } from '../../../../bridge/watch/reflectorStore.ts';
import type { PodView, ServiceView, SliceView } from '../../../../lib/selection/snapshot.ts';
import { aLeaderStore, type FilledStore } from '../../../support/objects/aLeaderStore.ts';
import { aForeignService, aLeaderService, aLeaderSlice, aSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, uidOf } from '../../../support/objects/builders.ts';

/** postgres routes to p-0; p-1 is its follower; the Service web is not opted in. */
function aStore(slice: SliceView | null = aLeaderSlice({ pod: 'p-0' })): FilledStore {
  const filled = aLeaderStore();
  for (const name of ['p-0', 'p-1']) filled.pods.add(aPod({ name }));
  filled.pods.add(aPod({ name: 'w-0', labels: { app: 'web' } }));
  filled.services.add(aService());
  filled.services.add(aForeignService('web', { selector: { app: 'web' } }));
  filled.services.add(aLeaderService());
  if (slice !== null) filled.ourSlices.add(slice);
  filled.concerns();
  return filled;
}

type Step<T> = { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: T };

function take<T>(store: ReflectorStore<T>, { kind, object }: Step<T & ObjectIdentity>): void {
  if (kind === 'deleted') store.delete(object);
  else if (kind === 'added') store.add(object);
  else store.update(object);
}

function onPod(filled: FilledStore, name: string, changes: Partial<PodView> | 'deleted'): readonly LeaderConcern[] {
  const previous = filled.store.namespace('shop').pods.byName.get(name) ?? aPod({ name });
  if (changes === 'deleted') filled.pods.delete(previous);
  else filled.pods.update({ ...previous, ...changes });
  return filled.concerns();
}

function onService(filled: FilledStore, step: Step<ServiceView>): readonly LeaderConcern[] {
  take(filled.services, step);
  return filled.concerns();
}

function onSlice(filled: FilledStore, step: Step<SliceView>, isOurs = true): readonly LeaderConcern[] {
  take(isOurs ? filled.ourSlices : filled.foreignSlices, step);
  return filled.concerns();
}

const brief = (concerns: readonly LeaderConcern[]) =>
  concerns.map(({ key, type, lane }) => `${key} ${type.slice('io.zen-lead.'.length)} ${lane}`);

describe('a pod with a readiness gate', () => {
  const gated = (ready: boolean) => ({ ready: false, containers: { ready } });

  it('takes the lane of its containers where the source judges by them', () => {
    const store = aStore();
    onService(store, { kind: 'modified', object: aService({ 'candidate-condition': 'ContainersReady' }) });
    expect(brief(onPod(store, 'p-0', gated(true)))).toEqual(['shop/postgres pod.modified change']);
    expect(brief(onPod(store, 'p-0', gated(false)))).toEqual(['shop/postgres pod.modified failover']);
    expect(brief(onPod(store, 'p-1', gated(true)))).toEqual(['shop/postgres pod.modified failover']);
  });

  it('takes the lane of its gate where the source judges by Ready', () => {
    const store = aStore();
    expect(brief(onPod(store, 'p-0', gated(true)))).toEqual(['shop/postgres pod.modified failover']);
  });
});

describe('a pod', () => {
  it.each<[string, string, Partial<PodView> | 'deleted', string]>([
    ['the leader turns NotReady', 'p-0', { ready: false }, 'failover'],
    ['the leader is terminating', 'p-0', { terminating: true }, 'failover'],
    ['the leader fails', 'p-0', { phase: 'Failed' }, 'failover'],
    ['the leader loses its address', 'p-0', { ips: [] }, 'failover'],
    ['the leader gets another address', 'p-0', { ips: ['10.0.9.9'] }, 'failover'],
    ['the leader is excluded', 'p-0', { exclude: 'true' }, 'failover'],
    ['the leader loses the label that is selected', 'p-0', { labels: {} }, 'failover'],
    ['the leader moves to another zone and stays fit', 'p-0', { zone: 'z' }, 'change'],
    ['a follower turns NotReady', 'p-1', { ready: false }, 'change'],
    ['a follower changes its label', 'p-1', { labels: { app: 'other' } }, 'change'],
  ])('%s', (_story, name, changes, lane) => {
    expect(brief(onPod(aStore(), name, changes))).toEqual([`shop/postgres pod.modified ${lane}`]);
  });

  it('the leader is deleted', () => {
    const [concern, ...others] = onPod(aStore(), 'p-0', 'deleted');
    expect(others).toEqual([]);
    expect(concern).toMatchObject({ key: 'shop/postgres', type: 'io.zen-lead.pod.deleted', lane: 'failover' });
    expect(concern?.change).toEqual({ kind: 'Pod', name: 'p-0', uid: uidOf('p-0'), verb: 'deleted' });
  });

  it('becomes fit while no pod is routed to', () => {
    const store = aStore(aLeaderSlice({ pod: null }));
    onPod(store, 'p-1', { ready: false });
    expect(brief(onPod(store, 'p-1', { ready: true }))).toEqual(['shop/postgres pod.modified failover']);
  });

  it('becomes fit while an unfit leader is held', () => {
    const store = aStore();
    onPod(store, 'p-0', { ready: false });
    onPod(store, 'p-1', { ready: false });
    expect(brief(onPod(store, 'p-1', { ready: true }))).toEqual(['shop/postgres pod.modified failover']);
  });

  it('a pod that comes back under the name of the leader is another pod, and the route is stale', () => {
    const store = aStore();
    onPod(store, 'p-0', 'deleted');
    store.pods.add(aPod({ name: 'p-0', uid: uidOf('again') }));
    expect(brief(store.concerns())).toEqual(['shop/postgres pod.added failover']);
  });

  it('a pod that led, and is selected no more, is still followed until it is gone', () => {
    const store = aStore();
    onPod(store, 'p-0', { labels: {} });
    expect(brief(onPod(store, 'p-0', 'deleted'))).toEqual(['shop/postgres pod.deleted failover']);
  });

  it('a pod that led is followed while the slice of either family names it', () => {
    const store = aStore();
    const second = aLeaderSlice({ pod: 'p-0', family: 'IPv6' });
    store.ourSlices.add(second);
    onPod(store, 'p-0', { labels: {} });
    store.ourSlices.delete(second);
    store.concerns();
    expect(brief(onPod(store, 'p-0', { terminating: true }))).toEqual(['shop/postgres pod.modified failover']);
  });

  it('a pod of a Service that is not opted in concerns no source', () => {
    expect(onPod(aStore(), 'w-0', { ready: false })).toEqual([]);
  });

  it('a pod that did not change concerns no source', () => {
    expect(onPod(aStore(), 'p-0', {})).toEqual([]);
  });
});

describe('a Service', () => {
  it('a Service that opts in, or out, concerns itself', () => {
    const store = aStore();
    const previous = aForeignService('web', { selector: { app: 'web' } });
    const object = aService({}, { name: 'web', selector: { app: 'web' } });
    expect(brief(onService(store, { kind: 'modified', object }))).toEqual(['shop/web service.modified change']);
    expect(brief(onService(store, { kind: 'modified', object: previous }))).toEqual([
      'shop/web service.modified change',
    ]);
  });

  it('a Service that is deleted concerns itself', () => {
    expect(brief(onService(aStore(), { kind: 'deleted', object: aService() }))).toEqual([
      'shop/postgres service.deleted change',
    ]);
  });

  it('a Service that is not opted in and holds no name that is wanted concerns no source', () => {
    expect(onService(aStore(), { kind: 'added', object: aForeignService('other') })).toEqual([]);
  });

  it('a Service that has lost our label still concerns the source whose slices route for it', () => {
    const store = aStore(aLeaderSlice({ pod: 'p-0' }));
    const unlabelled = { ...aLeaderService(), labels: {} };
    onService(store, { kind: 'modified', object: unlabelled });
    store.services.update(aService({ 'leader-service-name': 'other' }));
    store.concerns();
    expect(brief(onService(store, { kind: 'deleted', object: unlabelled }))).toEqual([
      'shop/postgres service.drifted change',
    ]);
  });

  it('a Service that we own and that changes has drifted for its source: an announcement, in the low lane', () => {
    const object = aLeaderService('postgres', { annotations: { 'zen-lead.io/announced-epoch': '8' } });
    expect(brief(onService(aStore(), { kind: 'modified', object }))).toEqual(['shop/postgres service.drifted low']);
  });

  it.each<[string, Step<ServiceView>]>([
    ['is deleted', { kind: 'deleted', object: aLeaderService() }],
    ['is given a selector', { kind: 'modified', object: aLeaderService('postgres', { selector: { app: 'x' } }) }],
  ])('a Service that we own and that %s was changed by another client', (_story, change) => {
    expect(brief(onService(aStore(), change))).toEqual(['shop/postgres service.drifted change']);
  });

  it('a Service that comes or goes under a name that is wanted concerns the source that wants it', () => {
    const store = aLeaderStore();
    store.services.add(aService());
    store.concerns();
    const object = aForeignService('postgres-leader');
    expect(brief(onService(store, { kind: 'added', object }))).toEqual(['shop/postgres service.added change']);
    expect(brief(onService(store, { kind: 'deleted', object }))).toEqual(['shop/postgres service.deleted change']);
  });
});

describe('a slice', () => {
  it('a slice that we own and that routes to a fit pod is as our own write leaves it: low', () => {
    const object = aLeaderSlice({ pod: 'p-1' });
    expect(brief(onSlice(aStore(), { kind: 'modified', object }))).toEqual(['shop/postgres service.drifted low']);
  });

  it.each<[string, Step<SliceView>]>([
    ['deleted', { kind: 'deleted', object: aLeaderSlice({ pod: 'p-0' }) }],
    ['emptied', { kind: 'modified', object: aLeaderSlice({ pod: null }) }],
    [
      'pointed at an address that is not the pod’s',
      {
        kind: 'modified',
        object: aLeaderSlice({ pod: 'p-0', address: '10.6.6.6' }),
      },
    ],
  ])(
    'a slice that we own and that is %s by hand leaves the leader Service without its pod: failover',
    (_story, change) => {
      expect(brief(onSlice(aStore(), change))).toEqual(['shop/postgres service.drifted failover']);
    },
  );

  it('a slice that a function has just made, empty and without a record, waits in the low lane: it is about to be filled', () => {
    const store = aStore();
    onSlice(store, { kind: 'deleted', object: aLeaderSlice({ pod: 'p-0' }) });
    const object = { ...aLeaderSlice({ pod: null }), annotations: {} };
    expect(brief(onSlice(store, { kind: 'added', object }))).toEqual(['shop/postgres service.drifted low']);
  });

  it('a slice that we own and that is empty because no pod is fit waits in the low lane', () => {
    const store = aStore();
    for (const name of ['p-0', 'p-1']) onPod(store, name, { ready: false });
    const change = {
      kind: 'modified',
      object: aLeaderSlice({ pod: null }),
    } as const;
    expect(brief(onSlice(store, change))).toEqual(['shop/postgres service.drifted low']);
  });

  it.each<[string, SliceView]>([
    ['carries the leader Service’s name', aSlice({ name: 'postgres-leader-abcde', serviceName: 'postgres-leader' })],
    ['holds the name of a slice that is wanted', aSlice({ name: 'postgres-leader-ipv6' })],
  ])('a slice of another controller that %s concerns the source', (_story, object) => {
    expect(brief(onSlice(aStore(), { kind: 'added', object }, false))).toEqual([
      'shop/postgres service.drifted change',
    ]);
  });

  it('a slice of the source Service itself concerns no source', () => {
    const object = aSlice({ name: 'postgres-x7k2p', serviceName: 'postgres' });
    expect(onSlice(aStore(), { kind: 'added', object }, false)).toEqual([]);
  });
});
