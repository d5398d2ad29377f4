/**
 * Checks that a compact snapshot decides as the whole one does, at every instant at which a
 * function may decide on it.
 */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { compactSnapshot } from '../../../lib/selection/compactSnapshot.ts';
import { MAX_AHEAD_MS } from '../../../lib/selection/fitness.ts';
import type { Observations, PodObservation } from '../../../lib/selection/observation.ts';
import type { PodView, Snapshot } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

/** Enough runs to find each mutation that was tried. They take about 1 s. */
const RUNS = 400;
const CHECK = 'tcp://:5432';
const ROLE_CHECK = 'redis://:6379';
/** When the leader was elected that the snapshot finds. */
const ELECTED_AT = T0 - 60_000;

const somePods: fc.Arbitrary<readonly Partial<PodView>[]> = fc.array(
  fc.record(
    {
      ready: fc.constantFrom(true, true, true, false),
      terminating: fc.constantFrom(false, false, false, true),
      phase: fc.constantFrom('Running', 'Running', 'Running', 'Running', 'Pending', 'Succeeded'),
      ips: fc.constantFrom<string[]>(['10.0.0.9'], ['10.0.0.9'], ['10.0.0.9', 'fd00::9'], []),
      exclude: fc.constantFrom('false', 'false', 'true'),
      priority: fc.constantFrom('1', '9', '-3'),
      ports: fc.constantFrom<PodView['ports']>([{ name: 'pg', port: 5432, protocol: 'TCP' }], []),
      createdAt: fc.integer({ min: T0 - 90_000, max: T0 + 3_000 }),
      readyChangedAt: fc.integer({ min: T0 - 40_000, max: T0 + 12_000 }),
      nodeName: fc.constantFrom('n1', 'n2'),
      zone: fc.constantFrom('z1', 'z2'),
    },
    { requiredKeys: [] },
  ),
  { minLength: 10, maxLength: 24 },
);

const annotations: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    enabled: fc.constantFrom('true', 'true', 'true', 'true', 'true', 'false', 'ture'),
    sticky: fc.constantFrom('true', 'false', 'false'),
    strategy: fc.constantFrom('oldest', 'newest', 'random', 'node-aware', 'zone-aware', 'priority', 'weighted'),
    'preferred-nodes': fc.constantFrom('n2', 'n9', 'n1'),
    'preferred-zones': fc.constantFrom('z2', 'z1,z2'),
    'min-ready-duration': fc.constantFrom('0s', '2s', '30s', '30s'),
    'failover-min-delay': fc.constantFrom('0s', '4s', '20s'),
    'no-leader': fc.constantFrom('clear', 'hold', 'hold'),
    handover: fc.constantFrom('gap', 'overlap', 'overlap'),
    'on-cordon': fc.constantFrom('stay', 'move'),
    'ports-mode': fc.constantFrom('strict', 'lenient'),
    'pin-leader': fc.constantFrom('pg-0', 'pg-7', 'pg-99'),
    paused: fc.constantFrom('false', 'false', 'false', 'false', 'true'),
    'health-check': fc.constantFrom(CHECK, CHECK, CHECK, 'tcp'),
  },
  { requiredKeys: ['min-ready-duration', 'no-leader', 'health-check'] },
);

/** Alone, so that it does not hide what others do. */
const anOddity = fc.constantFrom<Partial<PodView>>(
  { exclude: 'maybe' },
  { priority: 'high' },
  { weight: '0' },
  {},
  {},
  {},
  {},
);

type Said = Pick<PodObservation, 'verdict'> & Partial<PodObservation>;

/** What all pods but some have in common, so that no pod or one alone may lead. */
const aPlight = fc.constantFrom<Partial<PodView>>(
  {},
  {},
  { ready: false },
  { exclude: 'true' },
  { ports: [] },
  { labels: {} },
  { terminating: true },
  { readyChangedAt: T0 - 1_000 },
  { readyChangedAt: T0 + 9_000, createdAt: T0 + 8_000 },
);

const aNodeState = fc.record(
  {
    verdict: fc.constantFrom<'alive' | 'silent'>('alive', 'alive', 'silent'),
    cordoned: fc.boolean(),
    condition: fc.constant('KernelDeadlock'),
    since: fc.constantFrom(T0 - 30_000, T0 - 1_000, T0 + 9_000),
  },
  { requiredKeys: ['verdict', 'since'] },
);
const nodeNames = ['node-0', 'n1', 'n2', 'node-3', 'node-5', 'node-9'];
const someNodes = fc.record(Object.fromEntries(nodeNames.map((name) => [name, aNodeState])), {
  requiredKeys: ['node-0'],
});

const aCase = fc.record({
  allFail: fc.constantFrom(false, false, false, false, true),
  roleCheck: fc.constantFrom(null, null, null, ROLE_CHECK, ROLE_CHECK, 'redis'),
  pods: somePods,
  oddity: anOddity,
  plight: aPlight,
  spared: fc.constantFrom(1, 5, 100),
  /** Of these pods no kubelet gave an instant: only their creation counts. */
  hasInstants: fc.boolean(),
  annotations,
  ports: fc.constantFrom([], [{ name: 'pg', protocol: 'TCP' as const, port: 5432, targetPort: 'pg' }]),
  /** Of each pod in turn: its verdict, how long ago it was given, and its role. */
  verdicts: fc.option(
    fc.array(
      fc.tuple(
        fc.constantFrom('passing', 'failing', null),
        fc.constantFrom<number>(-9_000, -7_000, -2_000, 0, 20_000, 40_000),
        fc.constantFrom('primary', 'other', 'other', 'other', null),
      ),
      {
        minLength: 1,
        maxLength: 9,
      },
    ),
  ),
  /** What becomes of the leader after its election. */
  leader: fc.constantFrom<Partial<PodView> | 'gone'>(
    {},
    'gone',
    { ready: false, readyChangedAt: T0 - 2_000 },
    { labels: {} },
  ),
  hasLeader: fc.boolean(),
  nodes: fc.option(someNodes),
});
type Case = typeof aCase extends fc.Arbitrary<infer T> ? T : never;

function aSnapshot({
  pods,
  oddity,
  plight,
  spared,
  hasInstants,
  annotations,
  ports,
  verdicts,
  allFail,
  roleCheck,
  leader,
  hasLeader,
  nodes,
}: Case): Snapshot {
  const world = new World();
  const shape = ports.length === 0 ? {} : { ports };
  if (hasLeader) {
    // Neither the oldest nor the newest.
    world.setPod(aPod({ name: 'pg-0', createdAt: ELECTED_AT - 5_000 }));
    world.setSource(aService({}, shape));
    world.reconcile(ELECTED_AT);
    if (leader === 'gone') world.deletePod('pg-0');
    else world.changePod('pg-0', leader);
  }
  world.setSource(aService({ ...annotations, ...(roleCheck !== null && { 'role-check': roleCheck }) }, shape));
  for (const [at, pod] of pods.entries()) {
    const name = `pg-${at + 1}`;
    const { readyChangedAt = T0, ...built } = aPod({
      name,
      ...pod,
      ...(at % spared !== 0 && plight),
      ...(at === pods.length - 1 && oddity),
    });
    world.setPod({ ...built, ...((hasInstants || at % 2 === 0) && { readyChangedAt }) });
  }
  if (verdicts !== null)
    world.observations = toObservations(
      world,
      allFail ? verdicts.map(([, ...rest]) => ['failing', ...rest]) : verdicts,
      roleCheck,
    );
  if (nodes !== null) {
    const seen = Object.entries(nodes).flatMap(([name, node]) => (node === undefined ? [] : [{ name, ...node }]));
    world.observations = { observer: 'bridge-0', pods: world.observations?.pods ?? [], nodes: seen };
  }
  return world.snapshot();
}

function toObservations(
  { pods }: World,
  verdicts: NonNullable<Case['verdicts']>,
  roleCheck: Case['roleCheck'],
): Observations {
  const judged = [...pods.values()].flatMap(({ uid }, at) => {
    const [verdict, ago, role] = verdicts[at % verdicts.length] ?? [null, 0, null];
    if (verdict === null) return [];
    const observation = { uid, check: roleCheck ?? CHECK, verdict, since: T0 - ago };
    return [{ ...observation, ...(roleCheck !== null && role !== null && verdict === 'passing' && { role }) }];
  });
  return { observer: 'bridge-0', pods: judged };
}

/** With an instant ahead of the clock, a pod that may lead may be waited for a moment later. */
function withCredibleInstants({ pods, plight, verdicts, nodes, ...rest }: Case): Case {
  const credible = ({ readyChangedAt = 0, createdAt = 0, ...pod }: Partial<PodView>): Partial<PodView> => ({
    ...pod,
    ...(readyChangedAt > 0 && { readyChangedAt: Math.min(readyChangedAt, T0) }),
    ...(createdAt > 0 && { createdAt: Math.min(createdAt, T0) }),
  });
  const known = <N extends { since: number } | undefined>(node: N): N =>
    node === undefined ? node : { ...node, since: Math.min(node.since, T0) };
  return {
    ...rest,
    nodes:
      nodes && (Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, known(node)])) as typeof nodes),
    pods: pods.map(credible),
    plight: credible(plight),
    verdicts:
      verdicts?.map(([verdict, ago, role]): [typeof verdict, number, typeof role] => [
        verdict,
        Math.max(ago, 0),
        role,
      ]) ?? null,
  };
}

describe('a compact snapshot', () => {
  it('leads to the same decision and the same writes, whatever the clock that decides', () => {
    let smallest = 1;
    fc.assert(
      fc.property(aCase, (each) => {
        const whole = aSnapshot(each);
        // None for the reader, who could hide that one is missing.
        const compact = compactSnapshot(whole, T0, 0);
        const dropped = Object.values(compact.omitted ?? {}).reduce((sum, count) => sum + count, 0);
        expect(compact.candidates.length + dropped).toBe(whole.candidates.length);
        smallest = Math.min(smallest, compact.candidates.length / whole.candidates.length);
        for (const later of [-MAX_AHEAD_MS, 0, 3_000, 7_000, 31_000]) {
          const [expected, got] = [whole, compact].map((snapshot) => assess(snapshot, T0 + later));
          expect({ later, decision: got?.decision, writes: got?.writes }).toEqual({
            later,
            decision: expected?.decision,
            writes: expected?.writes,
          });
        }
      }),
      { numRuns: RUNS },
    );
    expect(smallest).toBeLessThan(0.6);
  });

  it('has the timers of all pods that would change who leads', () => {
    fc.assert(
      fc.property(aCase, (each) => {
        const whole = aSnapshot(withCredibleInstants(each));
        const leaderAt = (at: number) => assess(whole, at).decision.leader?.uid;
        const until = assess(compactSnapshot(whole, T0, 0), T0).nextLookAt ?? Number.POSITIVE_INFINITY;
        for (let at = assess(whole, T0).nextLookAt; at !== null && at < until; at = assess(whole, at).nextLookAt)
          expect(leaderAt(at)).toBe(leaderAt(T0));
      }),
      { numRuns: RUNS / 4 },
    );
  });

  // Pod 39 is the newest. The oldest of a kind is there anyway.
  it.each<[what: string, Record<string, string>, (n: number) => Partial<PodView>, (n: number) => Said | null]>([
    [
      'the first that passes, behind one without a verdict',
      { strategy: 'newest', 'health-check': CHECK },
      () => ({}),
      (n) => (n === 39 ? null : { verdict: 'passing' }),
    ],
    [
      'the last resort',
      { strategy: 'newest', 'health-check': CHECK, 'no-leader': 'hold' },
      () => ({}),
      () => ({ verdict: 'failing' }),
    ],
    [
      'the first behind one whose creation lies ahead',
      { strategy: 'newest', 'min-ready-duration': '30s' },
      (n) => (n === 39 ? { createdAt: T0 + 8_000 } : {}),
      () => null,
    ],
    [
      'the first behind one whose verdict lies ahead',
      { strategy: 'newest', 'min-ready-duration': '30s', 'health-check': CHECK },
      () => ({}),
      (n) => ({ verdict: 'passing', since: n === 39 ? T0 + 8_000 : T0 - 60_000 }),
    ],
    [
      'the newest of two claims',
      { 'role-check': ROLE_CHECK },
      () => ({}),
      (n) => ({ verdict: 'passing', role: n === 10 || n === 20 ? 'primary' : 'other', since: T0 - 1_000 + n }),
    ],
    [
      'one that was not asked, among others that fail or are not primary',
      { 'role-check': ROLE_CHECK },
      () => ({}),
      (n) => (n === 20 ? null : n === 5 ? { verdict: 'failing' } : { verdict: 'passing', role: 'other' }),
    ],
  ])('keeps %s', (_what, annotations, podOf, saidOf) => {
    const world = new World();
    for (let n = 0; n < 40; n += 1) {
      const { readyChangedAt: _, ...pod } = aPod({ name: `pg-${n}`, createdAt: T0 - 90_000 + n, ...podOf(n) });
      world.setPod(pod);
    }
    world.setSource(aService());
    if (annotations['role-check'] !== undefined) world.reconcile(ELECTED_AT);
    world.setSource(aService(annotations));
    const check = annotations['role-check'] ?? CHECK;
    const pods = [...world.pods.values()].flatMap(({ uid }, n) => {
      const said = saidOf(n);
      return said === null ? [] : [{ uid, check, since: T0 - 9_000, ...said }];
    });
    world.observations = { observer: 'bridge-0', pods };
    const whole = world.snapshot();
    const compact = compactSnapshot(whole, T0, 0);
    expect(compact.candidates.length).toBeLessThan(10);
    for (const later of [0, 7_000])
      expect(assess(compact, T0 + later).decision).toEqual(assess(whole, T0 + later).decision);
  });

  it('is the whole one where followers are routed to, or nothing can be left out', () => {
    const world = new World();
    for (let n = 0; n < 40; n += 1) world.setPod(aPod({ name: `pg-${n}` }));
    world.setSource(aService({ followers: 'true' }));
    expect(compactSnapshot(world.snapshot(), T0)).toEqual(world.snapshot());
    world.setSource(aService());
    expect(compactSnapshot(world.snapshot(), T0).omitted).toEqual({ fit: 32 });
    for (let n = 3; n < 40; n += 1) world.deletePod(`pg-${n}`);
    const small = world.snapshot();
    expect(compactSnapshot(small, T0)).toBe(small);
  });

  it('has the pod that was announced last, whose name only the pod says', () => {
    const world = new World();
    for (let n = 0; n < 40; n += 1) world.setPod(aPod({ name: `pg-${n}` }));
    world.setSource(aService());
    world.reconcile(T0);
    const names = () => compactSnapshot(world.snapshot(), T0).candidates.map(({ name }) => name);
    expect(names()).not.toContain('pg-39');
    world.edit('services', 'postgres-leader', {
      metadata: { annotations: { 'zen-lead.io/leader-pod-uid': 'uid-pg-39' } },
    });
    expect(names()).toContain('pg-39');
  });
});
