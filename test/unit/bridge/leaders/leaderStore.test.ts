import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeaderStore } from '../../../../bridge/leaders/leaderStore.ts';
import type { ReflectedObject, ReflectorStore } from '../../../../bridge/watch/reflectorStore.ts';
import { buildSnapshot } from '../../../../lib/selection/buildSnapshot.ts';
import type { PodView, ServiceView, SliceView } from '../../../../lib/selection/snapshot.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import {
  aRandomPod,
  aRandomService,
  aRandomSlice,
  sorted,
  sourceNames,
} from '../../../support/objects/aRandomNamespace.ts';
import { aForeignService, aLeaderService, aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, T0, uidOf, version } from '../../../support/objects/builders.ts';

const revisions = { pods: version(1), services: version(1), slices: version(1) };

describe('what the rules see', () => {
  it('reports nothing when only what the rules do not read has changed, and keeps the new resourceVersion', () => {
    const { store, services, changes } = aLeaderStore();
    services.add(aService());
    expect(changes()).toHaveLength(1);
    services.update(aService({}, { resourceVersion: version(2) }));
    expect(changes()).toEqual([]);
    expect(store.namespace('shop').services.byName.get('postgres')?.resourceVersion).toBe('2');
  });

  it('forgets a namespace whose objects are all gone', () => {
    const { store, pods } = aLeaderStore();
    pods.add(aPod({ name: 'p-0' }));
    pods.delete(aPod({ name: 'p-0' }));
    expect([...store.namespaces()]).toEqual([]);
  });

  it('keeps a slice that has left our watch after it entered the other one', () => {
    const { store, ourSlices, foreignSlices } = aLeaderStore();
    const ours = aLeaderSlice({ pod: 'p-0' });
    const foreign = { ...ours, managedBy: 'someone', spec: null };
    ourSlices.add(ours);
    foreignSlices.add(foreign);
    ourSlices.delete(ours);
    expect(store.namespace('shop').foreignSlices.byName.get(ours.name)).toEqual(foreign);
    expect(store.namespace('shop').isSource('postgres')).toBe(false);
  });

  it('counts a Service as a source while it is opted in or one of our objects is left for it', () => {
    const { store, services, ourSlices } = aLeaderStore();
    services.add(aService());
    services.add(aLeaderService('mysql'));
    ourSlices.add(aLeaderSlice({ source: 'redis', pod: null }));
    services.add(aForeignService('web'));
    expect(store.sources().map(({ name }) => name)).toEqual(expect.arrayContaining(['postgres', 'mysql', 'redis']));
    expect(store.sources()).toHaveLength(3);
  });

  it('keeps the members of a source through a LIST', () => {
    const { store, pods, services } = aLeaderStore();
    services.add(aService());
    const [a, b, c] = ['p-0', 'p-1', 'p-2'].map((name) => aPod({ name }));
    const members = () => [...store.namespace('shop').pods.members('postgres').keys()].sort();
    pods.replace(
      [a, b].flatMap((pod) => pod ?? []),
      new Set(),
    );
    expect(members()).toEqual(['p-0', 'p-1']);
    pods.replace(
      [b, c].flatMap((pod) => pod ?? []),
      new Set(),
    );
    expect(members()).toEqual(['p-1', 'p-2']);
  });
});

describe('a pod that the source selects no longer', () => {
  const gone = aPod({ name: 'p-0', labels: { app: 'other' } });
  const emptied = { addressType: 'IPv4' as const, endpoints: [], ports: [] };

  function candidatesWith(slice: SliceView): readonly string[] {
    const { store, pods, services, ourSlices } = aLeaderStore();
    services.add(aService());
    pods.add(gone);
    ourSlices.add(slice);
    const snapshot = buildSnapshot({ ...store.namespace('shop').stateOf('postgres'), namespace: 'shop', revisions });
    return snapshot.candidates.map(({ name }) => name);
  }

  it('a pod that the source selects no longer is in the snapshot while the record names it, so that the rules see why it is left', () => {
    expect(candidatesWith({ ...aLeaderSlice({ pod: 'p-0' }), spec: emptied })).toEqual(['p-0']);
  });

  it('a pod that the source selects no longer is in the snapshot while it is routed to, whatever the record names', () => {
    const { annotations } = aLeaderSlice({ pod: 'p-9' });
    expect(candidatesWith({ ...aLeaderSlice({ pod: 'p-0' }), annotations })).toEqual(['p-0']);
  });

  it('a pod that the source selects no longer is not in the snapshot when neither names it', () => {
    expect(candidatesWith(aLeaderSlice({ pod: 'p-9' }))).toEqual([]);
  });
});

describe('when Ready was seen to change', () => {
  const before = aPod({ name: 'p-0', ready: true, readyChangedAt: T0 - 60_000 });

  function readyChangedAt(seen: PodView, now: number): number | undefined {
    let at = T0;
    const { store, pods } = aLeaderStore(() => at);
    pods.add(before);
    at = now;
    pods.update(seen);
    return store.namespace('shop').pods.byName.get('p-0')?.readyChangedAt;
  }

  it('the change of Ready is the moment of the watch, where lastTransitionTime has only whole seconds', () => {
    expect(readyChangedAt({ ...before, ready: false, readyChangedAt: T0 }, T0 + 700)).toBe(T0 + 700);
  });

  it('the change of ContainersReady is the moment of the watch, too', () => {
    const gated = { ...before, containers: { ready: true, changedAt: T0 - 60_000 } };
    const { store, pods } = aLeaderStore(() => T0 + 700);
    pods.add(gated);
    pods.update({ ...gated, containers: { ready: false, changedAt: T0 } });
    expect(store.namespace('shop').pods.byName.get('p-0')?.containers).toEqual({ ready: false, changedAt: T0 + 700 });
    pods.update({ ...gated, containers: { ready: false, changedAt: T0 - 5 } });
    expect(store.namespace('shop').pods.byName.get('p-0')?.containers).toEqual({ ready: false, changedAt: T0 + 700 });
  });

  it('the change of Ready is the moment of the watch, where the client left the old lastTransitionTime in place', () => {
    expect(readyChangedAt({ ...before, ready: false }, T0 + 5)).toBe(T0 + 5);
  });

  it('the change of Ready stays what it was while Ready stays', () => {
    expect(readyChangedAt({ ...before, ips: ['10.9.9.9'] }, T0 + 5)).toBe(T0 - 60_000);
  });

  it('the change of Ready is the moment of the watch, where the kubelet’s clock is ahead', () => {
    expect(readyChangedAt({ ...before, ready: false, readyChangedAt: T0 + 600_000 }, T0 + 5)).toBe(T0 + 5);
  });

  it('does not move on while Ready stays, where the kubelet’s clock is ahead', () => {
    let at = T0;
    const { store, pods } = aLeaderStore(() => at);
    pods.add(before);
    const ahead = { ...before, ready: false, readyChangedAt: T0 + 600_000 };
    at = T0 + 5;
    pods.update(ahead);
    at = T0 + 9_000;
    pods.update({ ...ahead, terminating: true });
    expect(store.namespace('shop').pods.byName.get('p-0')?.readyChangedAt).toBe(T0 + 5);
  });

  it('the change of Ready is forgotten once the clock that it was witnessed by has been set back', () => {
    let at = T0;
    const { store, pods } = aLeaderStore(() => at);
    pods.add(before);
    const notReady = { ...before, ready: false, readyChangedAt: T0 };
    at = T0 + 3_600_000;
    pods.update(notReady);
    at = T0 + 5_000;
    pods.update({ ...notReady, terminating: true });
    expect(store.namespace('shop').pods.byName.get('p-0')?.readyChangedAt).toBe(T0);
  });

  it('the change of Ready is now where no instant that is known lies in the past', () => {
    let at = T0;
    const { store, pods } = aLeaderStore(() => at);
    const ahead = { ...before, readyChangedAt: T0 + 600_000 };
    pods.add(ahead);
    at = T0 + 5;
    pods.update({ ...ahead, terminating: true });
    expect(store.namespace('shop').pods.byName.get('p-0')?.readyChangedAt).toBe(T0 + 5);
  });

  it('the change of Ready is what the pod says where it is another pod under the same name', () => {
    const other = { ...before, uid: uidOf('other'), ready: false, readyChangedAt: T0 - 1_000 };
    expect(readyChangedAt(other, T0 + 5)).toBe(T0 - 1_000);
  });

  it('the change of Ready is not taken back by an event that comes later with the old whole second', () => {
    let at = T0;
    const { store, pods } = aLeaderStore(() => at);
    pods.add(before);
    const notReady = { ...before, ready: false, readyChangedAt: T0 };
    at = T0 + 700;
    pods.update(notReady);
    at = T0 + 900;
    pods.update({ ...notReady, terminating: true });
    expect(store.namespace('shop').pods.byName.get('p-0')?.readyChangedAt).toBe(T0 + 700);
  });
});

describe('the snapshot out of the indexes', () => {
  const step = fc.record({
    gone: fc.boolean(),
    object: fc.oneof(
      aRandomPod.map((pod) => ({ kind: 'pod', pod }) as const),
      aRandomService.map((service) => ({ kind: 'service', service }) as const),
      aRandomSlice.map((slice) => ({ kind: 'slice', slice }) as const),
    ),
    /** Reconciling in between builds indexes early; it must not change what they hold. */
    reconciles: fc.boolean(),
  });

  it('the snapshot out of the indexes is the one that the whole namespace would give, after any history', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { store, ...stores } = aLeaderStore();
        const all = { pods: new Map<string, PodView>(), services: new Map<string, ServiceView>() };
        const slices = { ours: new Map<string, SliceView>(), foreign: new Map<string, SliceView>() };
        for (const { gone, object, reconciles } of steps) {
          if (object.kind === 'pod') put(all.pods, object.pod, gone, stores.pods);
          if (object.kind === 'service') put(all.services, object.service, gone, stores.services);
          if (object.kind === 'slice') {
            const isOurs = object.slice.managedBy === 'zen-lead.io';
            const [known, other] = isOurs ? [slices.ours, slices.foreign] : [slices.foreign, slices.ours];
            const holder = other.get(object.slice.name);
            const [mine, others] = isOurs
              ? [stores.ourSlices, stores.foreignSlices]
              : [stores.foreignSlices, stores.ourSlices];
            if (holder !== undefined) put(other, holder, true, others);
            put(known, object.slice, gone, mine);
          }
          if (reconciles) for (const each of sourceNames) snapshotOf(store, each);
        }
        for (const each of sourceNames) {
          const expected = buildSnapshot({
            namespace: 'shop',
            name: each,
            source: all.services.get(each) ?? null,
            pods: all.pods.values(),
            services: all.services.values(),
            slices: [...slices.ours.values(), ...slices.foreign.values()],
            revisions,
          });
          expect(sorted(snapshotOf(store, each))).toEqual(sorted(expected));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  function snapshotOf(store: LeaderStore, source: string) {
    return buildSnapshot({ ...store.namespace('shop').stateOf(source), namespace: 'shop', revisions });
  }

  function put<T extends ReflectedObject>(
    known: Map<string, T>,
    object: T,
    gone: boolean,
    store: ReflectorStore<T>,
  ): void {
    const previous = known.get(object.name);
    if (!gone) {
      if (previous === undefined) store.add(object);
      else store.update(object);
      known.set(object.name, object);
      return;
    }
    if (previous !== undefined) store.delete(previous);
    known.delete(object.name);
  }
});
