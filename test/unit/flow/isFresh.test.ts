import { expect, it } from 'vitest';
import { isFresh } from '../../../lib/flow/engine/isFresh.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

function decidedAt(flows: string, jobs: string, basis: 'watch' | 'read' = 'watch') {
  const world = aFlowWorld({ steps: [aStep('a')] });
  world.at(0);
  const snapshot = world.cluster.snapshot(0);
  const record = world.cluster.record();
  if (snapshot.record === null || record === null) throw new Error('no record');
  const decided = { ...record, flowRevision: '100', jobsRevision: '200' };
  return { ...snapshot, basis, revisions: { flows, jobs }, record: { ...snapshot.record, record: decided } };
}

it.each([
  ['as new as what was decided on', '100', '200', true],
  ['newer, with one digit more', '1000', '2000', true],
  ['with an older view of the flow', '99', '300', false],
  ['with an older view of the Jobs', '300', '199', false],
  ['with revisions that are no numbers', 'a', 'b', false],
  ['of watches that have delivered nothing yet', '', '', false],
])('a snapshot %s decides: %#', (_what, flows, jobs, fresh) => {
  expect(isFresh(decidedAt(flows, jobs))).toBe(fresh);
});

it('state that was read decides, also with lower revisions after a restored etcd', () => {
  expect(isFresh(decidedAt('1', '1', 'read'))).toBe(true);
});
