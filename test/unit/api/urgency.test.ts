import { expect, it } from 'vitest';
import { byUrgency } from '../../../api/browser/urgency.ts';
import type { LeaderStatus } from '../../../api/leaderStatus.ts';
import { toLeaderStatus } from '../../../api/leaderStatus.ts';
import { aPod, aService } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

function aStatus(namespace: string, service: string, changes: Partial<LeaderStatus> = {}): LeaderStatus {
  const world = new World();
  world.setSource(aService());
  world.setPod(aPod({ name: 'pod' }));
  const leader = { name: 'pod', uid: 'u', node: null, zone: null, address: '10.0.0.1' };
  return { ...toLeaderStatus(world.snapshot(), 0), leader, namespace, service, ...changes };
}

it('cards stand as people count, after those that need attention', () => {
  const statuses = [
    aStatus('shop', 'svc-10'),
    aStatus('shop', 'svc-2'),
    aStatus('bar', 'svc-9'),
    aStatus('shop', 'svc-1', { paused: true }),
    aStatus('shop', 'svc-11', { leader: null }),
  ];
  expect(statuses.toSorted(byUrgency).map(({ namespace, service }) => `${namespace}/${service}`)).toEqual([
    'shop/svc-11',
    'shop/svc-1',
    'bar/svc-9',
    'shop/svc-2',
    'shop/svc-10',
  ]);
});
