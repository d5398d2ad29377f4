import { describe, expect, it } from 'vitest';
import { sourceOfOurService, sourceOfOurSlice } from '../../../lib/selection/ownership.ts';
import { selects } from '../../../lib/selection/selects.ts';
import { parsePriority, parseWeight, type StrategyContext, selectFirst } from '../../../lib/selection/strategy.ts';
import { aSlice } from '../../support/objects/aSlice.ts';
import { aCandidate, aService, T0, uidOf } from '../../support/objects/builders.ts';

const first = (pods: readonly ReturnType<typeof aCandidate>[], context: Partial<StrategyContext>) =>
  [pods, pods.toReversed()].map(
    (each) =>
      selectFirst(each, {
        strategy: 'oldest',
        preferredNodes: [],
        preferredZones: [],
        sourceUid: uidOf('s'),
        lastNode: undefined,
        lastZone: undefined,
        ...context,
      })?.uid,
  );
const pod = (name: string, overrides = {}) => aCandidate({ name, createdAt: T0, ...overrides });

describe('the order of candidates', () => {
  it.each(['oldest', 'newest', 'node-aware', 'zone-aware', 'priority'] as const)(
    'of %s breaks ties by name by code unit, then by uid',
    (strategy) => {
      expect(first([pod('b'), pod('a')], { strategy })).toEqual(['uid-a', 'uid-a']);
      expect(first([pod('a'), pod('Z')], { strategy })).toEqual(['uid-Z', 'uid-Z']);
      const crossed = [pod('a', { uid: uidOf('2') }), pod('b', { uid: uidOf('1') })];
      expect(first(crossed, { strategy })).toEqual(['uid-2', 'uid-2']);
      const same = [pod('a', { uid: uidOf('2') }), pod('a', { uid: uidOf('1') })];
      expect(first(same, { strategy })).toEqual(['uid-1', 'uid-1']);
    },
  );

  it('the random order of candidates is the one that FNV-1a with a final mix gives, for good', () => {
    const pods = ['a', 'b', 'c', 'd', 'e'].map((name) => pod(name));
    const sources = ['s', 't', 'u', 'v', 'w', 'x'];
    const chosen = sources.map((name) => first(pods, { strategy: 'random', sourceUid: uidOf(name) })[0]);
    expect(new Set(chosen).size).toBeGreaterThan(2);
    expect(chosen).toEqual(['uid-d', 'uid-c', 'uid-e', 'uid-b', 'uid-c', 'uid-d']);
  });

  it('the order by random is the same for as many pods as there are, down to the last', () => {
    let left = Array.from({ length: 16 }, (_, i) => pod(`p${i}`));
    const order: unknown[] = [];
    for (; left.length > 0; left = left.filter(({ uid }) => uid !== order.at(-1)))
      order.push(first(left, { strategy: 'random' })[0]);
    expect(order.join(' ')).toBe(
      'uid-p15 uid-p1 uid-p8 uid-p3 uid-p6 uid-p14 uid-p9 uid-p11 uid-p13 uid-p2 uid-p12 uid-p10 uid-p5 uid-p4 uid-p7 uid-p0',
    );
  });

  it('the order by random tells apart hashes that differ in their last bit', () => {
    const pods = [pod('88481', { createdAt: T0 - 1 }), pod('49912')];
    expect(first(pods, { strategy: 'random' })).toEqual(['uid-49912', 'uid-49912']);
  });

  it('the order by priority takes a pod without one, or with one that cannot be read, as 0', () => {
    const pods = [pod('a', { priority: '-1' }), pod('b'), pod('c', { priority: 'high' })];
    expect(first(pods, { strategy: 'priority' })).toEqual(['uid-b', 'uid-b']);
    expect(first([...pods, pod('d', { priority: '+1' })], { strategy: 'priority' })).toEqual(['uid-d', 'uid-d']);
  });

  it('the node- and zone-aware orders prefer nothing where no pod led before', () => {
    const { nodeName: _node, zone: _zone, ...nowhere } = pod('a');
    expect(first([nowhere, pod('b')], { strategy: 'node-aware' })).toEqual(['uid-a', 'uid-a']);
    expect(first([nowhere, pod('b')], { strategy: 'zone-aware' })).toEqual(['uid-a', 'uid-a']);
  });

  it('preferred nodes come before preferred zones, and both before the strategy', () => {
    const old = pod('old', { createdAt: T0 - 3, nodeName: 'n-3', zone: 'west' });
    const inZone = pod('in-zone', { createdAt: T0 - 2, nodeName: 'n-2', zone: 'east' });
    const onNode = pod('on-node', { createdAt: T0 - 1, nodeName: 'n-1', zone: 'west' });
    const pods = [old, inZone, onNode];
    expect(first(pods, {})).toEqual(['uid-old', 'uid-old']);
    expect(first(pods, { preferredZones: ['east'] })).toEqual(['uid-in-zone', 'uid-in-zone']);
    expect(first(pods, { preferredZones: ['east'], preferredNodes: ['n-1'] })).toEqual(['uid-on-node', 'uid-on-node']);
    expect(first(pods, { preferredNodes: ['gone', 'n-2', 'n-1'] })).toEqual(['uid-in-zone', 'uid-in-zone']);
  });

  it('the strategy decides between pods in places that are preferred alike, or not at all', () => {
    const { nodeName: _node, zone: _zone, ...nowhere } = pod('nowhere', { createdAt: T0 - 1 });
    const elsewhere = pod('elsewhere', { nodeName: 'n-9', zone: 'west' });
    expect(first([elsewhere, nowhere], { preferredNodes: ['n-1'], preferredZones: ['east'] })).toEqual([
      'uid-nowhere',
      'uid-nowhere',
    ]);
  });

  it('the weighted order gives each pod a share of many Services in proportion to its weight', () => {
    const pods = [pod('a', { weight: '300' }), pod('b'), pod('c', { weight: 'heavy' })];
    const leaders = Array.from({ length: 5_000 }, (_, n) => {
      const [leader] = first(pods, { strategy: 'weighted', sourceUid: uidOf(`s${n}`) });
      return leader;
    });
    const shareOf = (uid: string) => leaders.filter((leader) => leader === uid).length / leaders.length;
    expect(shareOf('uid-a')).toBeCloseTo(0.6, 1);
    expect(shareOf('uid-b')).toBeCloseTo(0.2, 1);
    expect(shareOf('uid-c')).toBeCloseTo(0.2, 1);
  });

  it('the weighted order moves only what a pod wins when its weight grows', () => {
    const before = [pod('a'), pod('b'), pod('c')];
    const after = [pod('a', { weight: '400' }), pod('b'), pod('c')];
    for (let n = 0; n < 500; n++) {
      const context = { strategy: 'weighted', sourceUid: uidOf(`s${n}`) } as const;
      const [was, is] = [first(before, context)[0], first(after, context)[0]];
      expect(is === was || is === 'uid-a').toBe(true);
    }
  });
});

it.each([
  ['0', 0],
  ['-12', -12],
  ['+7', 7],
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740993', null],
  ['1.5', null],
  ['x1', null],
  ['1x', null],
  [' 1', null],
  ['1 ', null],
  ['1e3', null],
  ['0x10', null],
  ['', null],
  [undefined, null],
])('reads the priority %j as %j', (text, expected) => {
  expect(parsePriority(text)).toBe(expected);
});

it.each([
  ['1', 1],
  ['1000', 1_000],
  ['0', null],
  ['1001', null],
  ['-1', null],
  ['01', null],
  ['1.5', null],
  ['', null],
  [undefined, null],
])('reads the weight %j as %j', (text, expected) => {
  expect(parseWeight(text)).toBe(expected);
});

describe('a selector', () => {
  it.each([
    [null, false],
    [{}, false],
    [{ app: 'db' }, true],
    [{ app: 'db', tier: 'x' }, false],
    [{ app: 'other' }, false],
  ])('%j matches the labels app=db: %j', (selector, expected) => {
    expect(selects(selector as Record<string, string> | null, { app: 'db' })).toBe(expected);
  });
});

describe('the source of what is ours', () => {
  const labels = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'labelled' };
  const owner = (kind: string) => ({ kind, name: 'owning', uid: uidOf('owning') });

  it('the source of what is ours is the controller of a Service, or its label where it has none', () => {
    expect(sourceOfOurService(aService({}, { labels, owner: owner('Service') }))).toBe('owning');
    expect(sourceOfOurService(aService({}, { labels, owner: null }))).toBe('labelled');
    expect(sourceOfOurService(aService({}, { labels, owner: owner('Deployment') }))).toBeNull();
    expect(sourceOfOurService(aService({}, { owner: owner('Service') }))).toBeNull();
    const { 'zen-lead.io/source-service': _, ...unnamed } = labels;
    expect(sourceOfOurService(aService({}, { labels: unnamed }))).toBeNull();
  });

  it('the source of what is ours is the controller of a slice', () => {
    const ours = (kind: string) => aSlice({ name: 's', managedBy: 'zen-lead.io', owner: owner(kind) });
    expect(sourceOfOurSlice(ours('Service'))).toBe('owning');
    expect(sourceOfOurSlice(ours('Endpoints'))).toBeNull();
    expect(sourceOfOurSlice({ ...ours('Service'), owner: null })).toBeNull();
    expect(sourceOfOurSlice({ ...ours('Service'), managedBy: 'someone' })).toBeNull();
  });
});
