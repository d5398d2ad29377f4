import { describe, expect, it } from 'vitest';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import { lineOf } from '../../../lib/selection/line.ts';
import type { PodView, ServiceView } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0, version } from '../../support/objects/builders.ts';

const check = { 'health-check': 'tcp://:5432' };

function names(source: ServiceView | null, pods: readonly PodView[]): readonly string[] | null {
  const revisions = { pods: version(1), services: version(1), slices: version(1) };
  const state = { namespace: 'shop', name: 'postgres', source, pods, services: [], slices: [], revisions };
  return lineOf(buildSnapshot(state), T0)?.pods.map(({ name, address }) => `${name} ${address}`) ?? null;
}

describe('the line of a health check', () => {
  const pods = ['p-0', 'p-1', 'p-2'].map((name) => aPod({ name }));

  it('is the order of the strategy', () => {
    expect(names(aService(check), pods)).toEqual(['p-0 10.0.0.1', 'p-1 10.0.0.2', 'p-2 10.0.0.3']);
    expect(names(aService(check), pods.toReversed())).toEqual(['p-0 10.0.0.1', 'p-1 10.0.0.2', 'p-2 10.0.0.3']);
    expect(names(aService({ ...check, strategy: 'newest' }), pods)?.[0]).toBe('p-2 10.0.0.3');
  });

  it('begins with the pinned pod, and ends with those that are not Ready for long enough', () => {
    expect(names(aService({ ...check, 'pin-leader': 'p-1' }), pods)?.[0]).toBe('p-1 10.0.0.2');
    const fresh = [aPod({ name: 'p-0', readyChangedAt: T0 - 1_000 }), ...pods.slice(1)];
    expect(names(aService({ ...check, 'min-ready-duration': '1m' }), fresh)).toEqual([
      'p-1 10.0.0.2',
      'p-2 10.0.0.3',
      'p-0 10.0.0.1',
    ]);
  });

  it('leaves out pods that may not lead, and those of another family', () => {
    const others = [
      aPod({ name: 'p-0', terminating: true }),
      aPod({ name: 'p-1', ready: false }),
      aPod({ name: 'p-2', exclude: 'true' }),
      aPod({ name: 'p-3', ips: ['fd00::4'] }),
      aPod({ name: 'p-4', labels: { app: 'other' } }),
      aPod({ name: 'p-5', ips: ['fd00::6', '10.0.0.6'] }),
    ];
    expect(names(aService(check), others)).toEqual(['p-5 10.0.0.6']);
    expect(names(aService(check, { ipFamilies: ['IPv6', 'IPv4'] }), others)).toEqual(['p-3 fd00::4', 'p-5 fd00::6']);
  });

  it('is none without a check, with one that cannot be read, and for a Service that wants no leader', () => {
    expect(names(aService(), pods)).toBeNull();
    expect(names(aService({ 'health-check': 'tcp://localhost:5432' }), pods)).toBeNull();
    expect(names(aService({ ...check, enabled: 'false' }), pods)).toBeNull();
    expect(names(aService(check, { type: 'ExternalName', selector: null }), pods)).toBeNull();
    expect(names(null, pods)).toBeNull();
  });
});
