import { describe, expect, it } from 'vitest';
import { type Prediction, predictOfReplicaSet, predictOfStatefulSet } from '../../../lib/scaleDown/predictSurvivor.ts';
import { parseWorkloadPod, type WorkloadPod } from '../../../lib/scaleDown/workloadPod.ts';
import { uidOf } from '../../support/objects/builders.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);

function aPod(name: string, change: Partial<WorkloadPod> = {}): WorkloadPod {
  return {
    name,
    uid: uidOf(name),
    owner: null,
    isActive: true,
    nodeName: `node-${name}`,
    phase: 'Running',
    isReady: true,
    readyAt: NOW - HOUR,
    deletionCost: 0,
    restarts: 0,
    sidecarRestarts: 0,
    createdAt: NOW - HOUR,
    ...change,
  };
}

const predict = (pods: readonly WorkloadPod[], from = NOW, to = from) => predictOfReplicaSet(pods, { from, to });
const nameOf = (prediction: Prediction) => (prediction.kind === 'survivor' ? prediction.pod.name : prediction.kind);

describe('the order of the ReplicaSet controller', () => {
  it.each<[string, Partial<WorkloadPod>]>([
    ['is not assigned to a node', { nodeName: '' }],
    ['is Pending', { phase: 'Pending' }],
    ['is Unknown', { phase: 'Unknown' }],
    ['is not Ready', { isReady: false, readyAt: null }],
    ['costs less to delete', { deletionCost: -1 }],
    ['has been Ready for less time', { readyAt: NOW - HOUR / 8 }],
    ['has restarted more often', { restarts: 1 }],
    ['has a sidecar that has restarted more often', { sidecarRestarts: 1 }],
    ['is younger', { createdAt: NOW - HOUR / 8 }],
    ['says no instant of readiness', { readyAt: null }],
  ])('deletes first the pod that %s', (_, worse) => {
    expect(nameOf(predict([aPod('a', worse), aPod('b')]))).toBe('b');
    expect(nameOf(predict([aPod('b'), aPod('a', worse)]))).toBe('b');
  });

  it('deletes first a pod that shares its node with another one', () => {
    const pods = [aPod('a', { nodeName: 'n' }), aPod('b', { nodeName: 'n' }), aPod('c', { createdAt: NOW - 1_000 })];
    expect(nameOf(predict(pods))).toBe('c');
  });

  it('asks in its order: cost before readiness, node before age', () => {
    const costly = aPod('a', { deletionCost: 1, readyAt: NOW - 1_000, restarts: 9 });
    expect(nameOf(predict([costly, aPod('b')]))).toBe('a');
    const alone = aPod('a', { readyAt: NOW - 1_000 });
    expect(nameOf(predict([alone, aPod('b', { nodeName: 'n' }), aPod('c', { nodeName: 'n' })]))).toBe('a');
  });

  it('lets the uid decide between ages of one power of two', () => {
    const younger = aPod('z', { readyAt: NOW - HOUR + 60_000 });
    expect(nameOf(predict([younger, aPod('a')]))).toBe('z');
    const muchYounger = aPod('z', { readyAt: NOW - HOUR / 4 });
    expect(nameOf(predict([muchYounger, aPod('a')]))).toBe('a');
  });

  it('says that two pods tie, whichever is listed first', () => {
    expect(predict([aPod('a'), aPod('b')]).kind).toBe('tie');
    expect(nameOf(predict([aPod('a'), aPod('b'), aPod('c', { restarts: 2 })]))).toBe('tie');
    expect(nameOf(predict([aPod('c'), aPod('a', { restarts: 1 }), aPod('b', { restarts: 1 })]))).toBe('c');
  });

  it('says that pods tie where each comes after the next one', () => {
    // a and b differ by restarts alone, c differs from both by its uid.
    const pods = [
      aPod('a', { uid: uidOf('1'), restarts: 0 }),
      aPod('b', { uid: uidOf('3'), restarts: 1 }),
      aPod('c', { uid: uidOf('2'), readyAt: NOW - HOUR + 1_000 }),
    ];
    expect(predict(pods).kind).toBe('tie');
  });

  it('predicts none while the order changes within the window', () => {
    // 2^41 ns is 36 min 39.023 s.
    const passes = NOW - 2 ** 41 / 1e6;
    const older = aPod('a', { readyAt: passes - 30_000 });
    const younger = aPod('z', { readyAt: passes + 10_000 });
    expect(nameOf(predict([older, younger], NOW, NOW + 9_000))).toBe('a');
    expect(predict([older, younger], NOW, NOW + 15_000).kind).toBe('unstable');
    expect(nameOf(predict([older, younger], NOW + 10_001, NOW + 25_000))).toBe('z');
  });

  it('leaves out pods that end, and predicts none where none is left', () => {
    expect(nameOf(predict([aPod('a', { isActive: false }), aPod('b', { isReady: false })]))).toBe('b');
    expect(predict([aPod('a', { isActive: false })]).kind).toBe('none');
  });

  it('takes a thousand pods', () => {
    const pods = Array.from({ length: 1_000 }, (_, n) => aPod(`p${n}`, { readyAt: NOW - HOUR + n * 1_000 }));
    expect(predict(pods, NOW - 5_000, NOW + 15_000).kind).not.toBe('none');
  });
});

describe('the order of the StatefulSet controller', () => {
  it('keeps the first ordinal, wherever the ordinals start', () => {
    const pods = [aPod('web-11'), aPod('web-10'), aPod('web-12')];
    expect(nameOf(predictOfStatefulSet(pods, 'web', 10))).toBe('web-10');
    expect(predictOfStatefulSet(pods, 'web', 0).kind).toBe('none');
  });
});

describe('parseWorkloadPod', () => {
  const pod = (change: object = {}, annotations: object = {}) => ({
    metadata: { name: 'a', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', annotations },
    ...change,
  });

  it('reads what the order is made of', () => {
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:05Z' }],
      containerStatuses: [{ restartCount: 1 }, { restartCount: 4 }],
      initContainerStatuses: [
        { name: 'once', restartCount: 7 },
        { name: 'proxy', restartCount: 2 },
      ],
    };
    const spec = { nodeName: 'n', initContainers: [{ name: 'once' }, { name: 'proxy', restartPolicy: 'Always' }] };
    expect(parseWorkloadPod(pod({ spec, status }))).toMatchObject({
      nodeName: 'n',
      isReady: true,
      readyAt: NOW + 5_000,
      restarts: 4,
      sidecarRestarts: 2,
      createdAt: NOW,
      isActive: true,
    });
  });

  it.each([
    ['10', 10],
    ['-10', -10],
    ['0', 0],
    ['+10', 0],
    ['010', 0],
    ['2147483648', 0],
    ['-2147483648', -2_147_483_648],
    ['much', 0],
  ])('reads a deletion cost as Kubernetes does: %s', (text, cost) => {
    const read = parseWorkloadPod(pod({}, { 'controller.kubernetes.io/pod-deletion-cost': text }));
    expect(read.deletionCost).toBe(cost);
  });
});
