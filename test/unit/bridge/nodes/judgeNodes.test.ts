import { describe, expect, it } from 'vitest';
import { type JudgingState, judgeNodes, type NodeSigns, type PortSigns } from '../../../../bridge/nodes/judgeNodes.ts';
import { createRenewals } from '../../../../bridge/nodes/renewals.ts';

const NOW = 1_000_000;
/** A node whose Lease was renewed so long ago, and every ten seconds before. */
const aNode = (
  name: string,
  agoMs: number,
  port?: Partial<PortSigns>,
  medianGapMs: number | null = 10_000,
): NodeSigns => ({
  name,
  renewal: { lastAt: NOW - agoMs, medianGapMs },
  port: port && { answeredAt: null, failingFrom: null, failures: 0, ...port },
});
const judge = (nodes: readonly NodeSigns[], state: Partial<JudgingState> = {}) => {
  const { silent, voidedBy } = judgeNodes(nodes, { now: NOW, countsFrom: 0, isStale: false, lastGap: null, ...state });
  return { silent: [...silent], voidedBy };
};
const none = { silent: [], voidedBy: null };

describe('a node is silent by its Lease', () => {
  it('after two and a half of its gaps, and not before', () => {
    expect(judge([aNode('a', 24_999), aNode('b', 3_000), aNode('c', 4_000)])).toEqual(none);
    expect(judge([aNode('a', 25_000), aNode('b', 3_000), aNode('c', 4_000)])).toEqual({
      silent: ['a'],
      voidedBy: null,
    });
  });

  it('after five seconds at least', () => {
    const fast = (name: string, agoMs: number) => aNode(name, agoMs, undefined, 500);
    expect(judge([fast('a', 4_999), fast('b', 100)])).toEqual(none);
    expect(judge([fast('a', 5_000), fast('b', 100)])).toEqual({ silent: ['a'], voidedBy: null });
  });

  it('never while fewer than three of its gaps are known', () => {
    expect(judge([aNode('a', 60_000, undefined, null), aNode('b', 3_000)])).toEqual(none);
  });

  it('only with another node that was heard when its renewal was due', () => {
    // Both stopped within one gap. The one that renews more often is late first.
    expect(judge([aNode('a', 6_000, undefined, 2_000), aNode('b', 5_500)])).toEqual(none);
    expect(judge([aNode('a', 6_000, undefined, 2_000), aNode('b', 3_000)])).toEqual({ silent: ['a'], voidedBy: null });
  });

  it('not while most nodes are late, also those that are new to this process', () => {
    const isNew = null;
    const late = [aNode('a', 60_000), aNode('b', 60_000), aNode('c', 60_000, undefined, isNew)];
    const heard = aNode('e', 100, undefined, isNew);
    expect(judge([...late, aNode('d', 60_000, undefined, isNew), heard])).toEqual({ silent: [], voidedBy: 'mass' });
  });

  it('not while most nodes are late, also those that were not heard since this process began', () => {
    const unheard = (name: string): NodeSigns => ({
      name,
      renewal: { lastAt: null, medianGapMs: null },
      port: undefined,
    });
    const nodes = [aNode('a', 60_000), aNode('b', 100), unheard('c'), unheard('d')];
    const state = { countsFrom: NOW - 40_000 };
    expect(judge(nodes, state)).toEqual({ silent: [], voidedBy: 'mass' });
    expect(judge([...nodes, aNode('e', 100), aNode('f', 100)], state).silent).toEqual(['a']);
  });

  it('only with silence since nothing was void', () => {
    expect(judge([aNode('a', 40_000), aNode('b', 3_000)], { countsFrom: NOW - 24_000 })).toEqual(none);
    expect(judge([aNode('a', 40_000), aNode('b', 3_000)], { countsFrom: NOW - 25_000 }).silent).toEqual(['a']);
  });

  it('not while its kubelet may still wait to try again, after no API server was there', () => {
    const fast = (name: string, agoMs: number) => aNode(name, agoMs, undefined, 2_000);
    expect(judge([fast('a', 30_000), fast('b', 100)], { countsFrom: NOW - 7_999 })).toEqual(none);
    expect(judge([fast('a', 30_000), fast('b', 100)], { countsFrom: NOW - 8_000 }).silent).toEqual(['a']);
    expect(judge([fast('a', 5_000), fast('b', 100)], { countsFrom: NOW - 6_000 }).silent).toEqual(['a']);
  });

  it('not while its kubelet may wait, after the watch of the Leases was cut for a moment', () => {
    const fast = (name: string, agoMs: number) => aNode(name, agoMs, undefined, 2_000);
    const away = (awayMs: number, backMs: number) => ({
      lastGap: { from: NOW - backMs - awayMs, until: NOW - backMs },
    });
    const nodes = [fast('a', 5_500), fast('b', 100)];
    // As long as the API server was away, and a second for the way.
    expect(judge(nodes, away(1_000, 1_999))).toEqual(none);
    expect(judge(nodes, away(1_000, 2_000)).silent).toEqual(['a']);
    expect(judge([fast('a', 20_000), fast('b', 100)], away(11_000, 7_999))).toEqual(none);
    expect(judge([fast('a', 20_000), fast('b', 100)], away(11_000, 8_000)).silent).toEqual(['a']);
    expect(judge(nodes, away(1_000, 0))).toEqual(none);
    // Heard since; and silent already when the watch was cut.
    expect(judge(nodes, away(1_000, 6_000)).silent).toEqual(['a']);
    expect(judge([fast('a', 9_000), fast('b', 100)], away(1_000, 1_000)).silent).toEqual(['a']);
  });

  it('and not while its port answers: the kubelet alone stands still', () => {
    const answered = { answeredAt: NOW - 900 };
    expect(judge([aNode('a', 60_000, answered), aNode('b', 3_000)])).toEqual(none);
    expect(judge([aNode('a', 60_000, { answeredAt: NOW - 4_001 }), aNode('b', 3_000)]).silent).toEqual(['a']);
  });
});

describe('a node is silent by its port', () => {
  const failing = { failingFrom: NOW - 3_000, failures: 3 };
  const answers = { answeredAt: NOW - 500 };

  it('after three failures in a row, while another node answers', () => {
    expect(judge([aNode('a', 5_000, failing), aNode('b', 5_000, answers)]).silent).toEqual(['a']);
    expect(judge([aNode('a', 5_000, { ...failing, failures: 2 }), aNode('b', 5_000, answers)])).toEqual(none);
  });

  it('not where it renewed its Lease since the first failure', () => {
    expect(judge([aNode('a', 2_000, failing), aNode('b', 5_000, answers)])).toEqual(none);
  });

  it('not where no other node answered meanwhile', () => {
    expect(judge([aNode('a', 5_000, failing), aNode('b', 5_000, { answeredAt: NOW - 3_001 })])).toEqual(none);
    expect(judge([aNode('a', 5_000, failing), aNode('b', 5_000)])).toEqual(none);
  });

  it('also where no Lease may be read', () => {
    const [a, b] = [aNode('a', 0, failing), aNode('b', 0, answers)].map((node) => ({ ...node, renewal: undefined }));
    expect(judge([a, b].filter((node) => node !== undefined)).silent).toEqual(['a']);
  });
});

describe('verdicts are void', () => {
  it('while the watch of the Leases is stale', () => {
    expect(judge([aNode('a', 30_000), aNode('b', 1_000)], { isStale: true })).toEqual({
      silent: [],
      voidedBy: 'stale',
    });
  });

  it('while all Leases have stopped, from when the first of them could be silent', () => {
    const stopped = (forMs: number) => [0, 2_000, 5_000, 9_900].map((at, index) => aNode(`n${index}`, forMs - at));
    for (const forMs of [24_000, 25_000, 27_000, 30_000, 34_000, 60_000])
      expect(judge(stopped(forMs)).silent, String(forMs)).toEqual([]);
    expect(judge(stopped(60_000)).voidedBy).toBe('none-fresh');
  });

  it('while most Leases have stopped, from when the first of them could be silent', () => {
    // They were renewed one after the other, so they are silent one after the other.
    const stopped = (forMs: number) =>
      [0, 2_000, 4_000, 6_000, 8_000, 9_900].map((at, index) => aNode(`n${index}`, forMs - at));
    const fresh = [1_000, 3_000, 5_000, 7_000].map((agoMs, index) => aNode(`f${index}`, agoMs));
    for (const forMs of [25_000, 27_000, 29_000, 33_000, 60_000])
      expect(judge([...stopped(forMs), ...fresh]), String(forMs)).toEqual({ silent: [], voidedBy: 'mass' });
  });

  it('while 55 % of the nodes are late, more than two, and not while fewer are', () => {
    const nodes = (late: number, all: number) =>
      Array.from({ length: all }, (_, index) => aNode(`n${index}`, index < late ? 26_000 : 1_000));
    expect(judge(nodes(6, 11)).silent).toHaveLength(6);
    expect(judge(nodes(6, 10)).voidedBy).toBe('mass');
    expect(judge(nodes(2, 3)).silent).toHaveLength(2);
    expect(judge(nodes(3, 4)).voidedBy).toBe('mass');
  });

  it('never where there is one node alone', () => {
    expect(judge([aNode('a', 60_000)]).silent).toEqual([]);
  });

  it('not where nothing is known of any Lease', () => {
    expect(judge([{ name: 'a', renewal: undefined, port: undefined }])).toEqual(none);
  });
});

describe('renewals', () => {
  const renewals = createRenewals();
  it('are new versions, timed when they were seen', () => {
    renewals.note('a', 'u', '1', 100);
    renewals.note('a', 'u', '1', 200);
    expect(renewals.of('a')).toEqual({ lastAt: null, medianGapMs: null });
    for (const [version, at] of [
      [2, 1_000],
      [3, 2_000],
      [4, 4_000],
    ] as const)
      renewals.note('a', 'u', String(version), at);
    expect(renewals.of('a')).toEqual({ lastAt: 4_000, medianGapMs: null });
    renewals.note('a', 'u', '5', 5_000);
    expect(renewals.of('a')).toEqual({ lastAt: 5_000, medianGapMs: 1_000 });
  });

  // Two interruptions of four gaps made the median five times as long, and a node that had stopped
  // counted as fresh.
  it('tell no gap where the watch was interrupted, and are heard all the same', () => {
    renewals.note('a', 'u', '6', 60_000, true);
    expect(renewals.of('a')).toEqual({ lastAt: 60_000, medianGapMs: 1_000 });
    renewals.note('a', 'u', '7', 61_000);
    expect(renewals.of('a')).toEqual({ lastAt: 61_000, medianGapMs: 1_000 });
  });

  it('begin again with another Lease of the same name', () => {
    renewals.note('a', 'other', '9', 62_000);
    expect(renewals.of('a')).toEqual({ lastAt: null, medianGapMs: null });
  });
});
