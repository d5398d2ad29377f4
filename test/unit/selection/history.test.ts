import { describe, expect, it } from 'vitest';
import { addChange, parseHistory, readHistory } from '../../../lib/selection/history.ts';
import { aSlice } from '../../support/objects/aSlice.ts';
import { aService, T0 } from '../../support/objects/builders.ts';

const aChange = (epoch: number, overrides = {}) => ({
  epoch,
  pod: `pg-${epoch}`,
  reason: 'LeaderNotReady',
  at: T0 + epoch,
  ...overrides,
});

function historyOf(...epochs: readonly number[]): string {
  return epochs.reduce((text, epoch) => addChange(parseHistory(text), aChange(epoch)), '[]');
}

describe('the history of leaders', () => {
  it('begins with the newest change, which reads as it was written', () => {
    const lost = aChange(2, { pod: null, reason: 'NoReadyPods', at: null });
    const text = addChange(parseHistory(historyOf(1)), lost);
    expect(parseHistory(text)).toEqual([lost, aChange(1)]);
  });

  it('keeps ten changes and drops the oldest', () => {
    const epochs = Array.from({ length: 12 }, (_, n) => n + 1);
    expect(parseHistory(historyOf(...epochs)).map(({ epoch }) => epoch)).toEqual(epochs.toReversed().slice(0, 10));
  });

  it('stays under 4 KiB with the longest names that Kubernetes takes', () => {
    const longest = { pod: 'p'.repeat(253), reason: 'LeaderPortUnresolved' };
    let text = '[]';
    for (let epoch = 1; epoch < 20; epoch++)
      text = addChange(parseHistory(text), aChange(2 ** 52 + epoch, { ...longest, at: T0 }));
    expect(text.length).toBeLessThanOrEqual(4_096);
  });

  it('takes a change once that is announced twice', () => {
    const text = historyOf(1, 2);
    expect(addChange(parseHistory(text), aChange(2))).toBe(text);
  });

  it('tells the loss of a leader from its election at the same epoch', () => {
    const text = addChange(parseHistory(historyOf(1)), aChange(1, { pod: null }));
    expect(parseHistory(text).map(({ pod }) => pod)).toEqual([null, 'pg-1']);
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', '[{"epoch":1'],
    ['no list', '{"epoch":1,"pod":"a","reason":"b","at":null}'],
    ['a list of other things', '[1, null, "x", [], {}]'],
    ['an epoch that is no whole number', '[{"epoch":1.5,"pod":"a","reason":"b"}]'],
    ['a negative epoch', '[{"epoch":-1,"pod":"a","reason":"b"}]'],
    ['a pod that is no text', '[{"epoch":1,"pod":7,"reason":"b"}]'],
    ['a name that no pod can have', JSON.stringify([{ epoch: 1, pod: 'a'.repeat(254), reason: 'b' }])],
    ['no reason', '[{"epoch":1,"pod":"a"}]'],
  ])('reads %s as no change', (_, text) => {
    expect(parseHistory(text)).toEqual([]);
  });

  it('reads an instant that cannot be read as unknown', () => {
    const text = JSON.stringify([{ epoch: 1, pod: 'a', reason: 'b', at: 'yesterday' }]);
    expect(parseHistory(text)).toEqual([{ epoch: 1, pod: 'a', reason: 'b', at: null }]);
  });

  it('stands on the slice of a LoadBalancer, and on any other leader Service itself', () => {
    const annotations = { 'zen-lead.io/leader-history': historyOf(1) };
    const slice = aSlice({ name: 'postgres-leader-ipv4', annotations: { 'zen-lead.io/leader-history': historyOf(2) } });
    const epochs = (type: 'ClusterIP' | 'LoadBalancer') =>
      readHistory(aService({}, { annotations, type }), slice).map(({ epoch }) => epoch);
    expect(epochs('ClusterIP')).toEqual([1]);
    expect(epochs('LoadBalancer')).toEqual([2]);
    expect(readHistory(null, null)).toEqual([]);
  });
});
