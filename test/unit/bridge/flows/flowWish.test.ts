/** What a replica that sends second would have changed about a flow. */

import { describe, expect, it } from 'vitest';
import { flowWish } from '../../../../bridge/flows/flowWish.ts';
import { advance } from '../../../../lib/flow/engine/advance.ts';
import type { JsonObject } from '../../../../lib/flow/spec/flowSpec.ts';
import { noFacts } from '../../../../lib/flow/state/facts.ts';
import { toWrites } from '../../../../lib/flow/writes/toWrites.ts';
import { aFlowWorld, aStep, JOB_MS } from '../../../support/objects/aFlow.ts';

const chain = { steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] };

/** What it wants at an instant, when the flow was decided on until then, at the end of each Job. */
function wishAt(now: number, spec: JsonObject = chain) {
  const world = aFlowWorld(spec);
  for (let at = 0; at < now; at += JOB_MS) world.at(at);
  return flowWish(world.cluster.snapshot(now, 'watch'), now);
}

describe('what a replica that sends second wants of a flow', () => {
  it('is that it begins', () => {
    expect(wishAt(0)).toMatchObject({ wantsChange: true, nextAt: null });
  });

  it('is nothing while a Job runs', () => {
    expect(wishAt(JOB_MS / 2)).toMatchObject({ wantsChange: false });
  });

  it('is another change after each Job, for which no earlier hint is waited for', () => {
    const wishes = [1, 2, 3].map((ended) => wishAt(ended * JOB_MS));
    expect(wishes.map(({ wantsChange }) => wantsChange)).toEqual([true, true, true]);
    expect(new Set(wishes.map(({ change }) => change)).size).toBe(3);
  });

  it('stays the same while nobody does it', () => {
    expect(wishAt(JOB_MS).change).toBe(wishAt(JOB_MS).change);
  });

  it('is a read where the record says that a Job runs, and two seconds later there is none', () => {
    const world = aFlowWorld(chain);
    world.at(0);
    const unmade = { ...world.cluster.snapshot(0, 'watch'), jobs: [] };
    expect(flowWish(unmade, 100)).toMatchObject({ wantsChange: false, nextAt: 2_000 });
    expect(flowWish(unmade, 2_000)).toMatchObject({ wantsChange: true, nextAt: null });
  });

  it('is a read where the record is gone, without a timer that would ask at once again', () => {
    const world = aFlowWorld(chain);
    world.at(0);
    const lost = { ...world.cluster.snapshot(0, 'watch'), record: null };
    expect(flowWish(lost, 100)).toMatchObject({ wantsChange: true, nextAt: null });
  });

  it('is nothing while another flow of its group runs: asking again changes nothing', () => {
    const world = aFlowWorld({ ...chain, executionPolicy: { concurrencyKey: 'db' } });
    const lease = { uid: 'lease-uid', resourceVersion: '7', holderUid: 'other' };
    const holder = { name: 'other', uid: 'other', resourceVersion: '3', createdAt: -1, isShutDown: false };
    for (const group of [null, { lease, holder }]) {
      const snapshot = { ...world.cluster.snapshot(0), facts: { ...noFacts, group } };
      for (const write of toWrites(advance(snapshot, 0), snapshot)) world.cluster.apply(write, 0);
    }
    expect(world.states()['a']).toBe('Pending Group');
    expect(flowWish(world.cluster.snapshot(0, 'watch'), 100)).toMatchObject({ wantsChange: false });
  });
});
