/**
 * Checks the invariants S1 to S11 of docs/guarantees.md as properties over random histories of one
 * Service.
 */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { electedReasons, keptReasons, lostReasons, refusedReasons } from '../../../lib/selection/decision.ts';
import { MAX_AHEAD_MS } from '../../../lib/selection/fitness.ts';
import { nodeFaultOf, nodeRank, nodeReasons } from '../../../lib/selection/nodeFault.ts';
import type { NodeObservation, Observations, Verdict } from '../../../lib/selection/observation.ts';
import { isOurService, isOurSlice } from '../../../lib/selection/ownership.ts';
import type { PodView, Snapshot } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

/** Enough runs to find each mutation that was tried on the rules. They take about 3 s. */
const RUNS = 600;
const CHECK = 'tcp://:5432';
const podNames = ['pg-0', 'pg-1', 'pg-2', 'pg-3'] as const;

/** What pods mostly do is become Ready and cease to be. */
const aFlip: fc.Arbitrary<Partial<PodView>> = fc.record({
  ready: fc.boolean(),
  readyChangedAt: fc.constantFrom(T0, T0 + 3_000, T0 + 9_000),
});

const anyChange: fc.Arbitrary<Partial<PodView>> = fc.record(
  {
    ready: fc.boolean(),
    terminating: fc.constantFrom(false, false, false, true),
    phase: fc.constantFrom('Running', 'Running', 'Running', 'Succeeded', 'Failed'),
    labels: fc.constantFrom({ app: 'postgres' }, { app: 'postgres' }, {}),
    ips: fc.constantFrom<string[]>(['10.0.0.1'], ['10.0.0.2', 'fd00::2'], ['10.0.0.4', 'fd00::4'], ['fd00::3'], []),
    exclude: fc.constantFrom('false', 'true', 'maybe'),
    priority: fc.constantFrom('1', '9', '-3', 'high'),
    weight: fc.constantFrom('1', '1000', '0'),
    ports: fc.constantFrom<PodView['ports']>([{ name: 'pg', port: 5432, protocol: 'TCP' }], []),
    createdAt: fc.constantFrom(T0 - 5, T0 - 4),
    readyChangedAt: fc.constantFrom(T0, T0 + 3_000, T0 + 9_000),
    nodeName: fc.constantFrom('n1', 'n2'),
    zone: fc.constantFrom('z1', 'z2'),
  },
  { requiredKeys: [] },
);

const aPodChange = fc.oneof({ weight: 3, arbitrary: aFlip }, { weight: 1, arbitrary: anyChange });

const annotations: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    enabled: fc.constantFrom('true', 'true', 'true', 'true', 'false', 'ture'),
    sticky: fc.constantFrom('true', 'false', '?'),
    strategy: fc.constantFrom('oldest', 'newest', 'random', 'node-aware', 'zone-aware', 'priority', 'weighted', 'best'),
    'preferred-nodes': fc.constantFrom('n2', 'n2', 'n9,n1', ',', 'n1,n2'),
    'preferred-zones': fc.constantFrom('z2', 'z1,z2', 'z9', '!'),
    'min-ready-duration': fc.constantFrom('0s', '2s', 'x'),
    'failover-min-delay': fc.constantFrom('0s', '4s', '20s', '-1s'),
    'no-leader': fc.constantFrom('clear', 'hold', ''),
    'ports-mode': fc.constantFrom('strict', 'lenient', '!'),
    'pin-leader': fc.constantFrom(...podNames, 'Nobody At All'),
    paused: fc.constantFrom('false', 'false', 'false', 'false', 'true', 'ja'),
    followers: fc.constantFrom('true', 'false', 'readers', '_'),
    'leader-service-name': fc.constantFrom('db', 'taken', '-'),
    'leader-service-type': fc.constantFrom('ClusterIP', 'NodePort', 'x'),
    'health-check': fc.constantFrom(CHECK, CHECK, CHECK, 'tcp://:1', 'tcp'),
    'health-check-timeout': fc.constantFrom('1s', '1s', '1s', 'soon'),
    'on-demote': fc.constantFrom('none', 'evict', 'evict', 'delete', 'kill'),
    'scale-down': fc.constantFrom('0', '1', 'none'),
    'scale-down-after': fc.constantFrom('0s', '5m', 'soon'),
    handover: fc.constantFrom('overlap', 'overlap', 'gap', 'both'),
    'handover-overlap': fc.constantFrom('1s', '8s', '6m'),
    'on-cordon': fc.constantFrom('stay', 'move', 'move', 'leave'),
  },
  { requiredKeys: [] },
);

const sourceShape = fc.constantFrom(
  {},
  {},
  {},
  {},
  { ports: [{ name: 'pg', protocol: 'TCP' as const, port: 5432, targetPort: 'pg' }] },
  { ipFamilies: ['IPv4', 'IPv6'] as const, ipFamilyPolicy: 'PreferDualStack' },
  { ipFamilies: ['IPv6'] as const },
  { selector: null },
  { headless: true, ports: [] },
);

type Step =
  | { readonly kind: 'pod'; readonly name: (typeof podNames)[number]; readonly change: Partial<PodView> }
  | { readonly kind: 'podGone'; readonly name: (typeof podNames)[number] }
  | { readonly kind: 'source'; readonly annotations: Record<string, string>; readonly shape: object }
  | { readonly kind: 'checks'; readonly said: Said | null; readonly ago: number }
  | { readonly kind: 'nodes'; readonly nodes: readonly NodeObservation[]; readonly ago: number }
  | { readonly kind: 'wait'; readonly ms: number };

/** A pod that is not named has no verdict yet. */
type Said = Readonly<Record<string, Verdict | undefined>>;

const aVerdict = fc.constantFrom<Verdict>('passing', 'failing');
/** Null: no bridge runs the check. */
const someVerdicts = fc.option(
  fc.record(Object.fromEntries(podNames.map((name) => [name, aVerdict])), { requiredKeys: [] }),
  { freq: 9 },
);

const nodeNames = ['n1', 'n2', 'node-0', 'node-1', 'node-2', 'node-3'] as const;
const someNodes = fc.tuple(...nodeNames.map(aNodeOf));

function aNodeOf(name: string): fc.Arbitrary<NodeObservation> {
  return fc.record(
    {
      name: fc.constant(name),
      verdict: fc.constantFrom<'alive' | 'silent'>('alive', 'alive', 'alive', 'silent'),
      since: fc.constant(T0),
      cordoned: fc.constantFrom(true, false),
      condition: fc.constant('KernelDeadlock'),
    },
    { requiredKeys: ['name', 'verdict', 'since'] },
  );
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('pod' as const), name: fc.constantFrom(...podNames), change: aPodChange }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('podGone' as const), name: fc.constantFrom(...podNames) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('source' as const), annotations, shape: sourceShape }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('checks' as const),
      said: someVerdicts,
      ago: fc.constantFrom(0, 1_000, 30_000, -3_600_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('nodes' as const),
      nodes: fc.oneof(someNodes, fc.constant([])),
      ago: fc.constantFrom(0, 3_000, -3_600_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5_000 }) }) },
);

const history = fc.array(step, { minLength: 1, maxLength: 25 });

/** Runs a history with one reconcile after every step, and hands each to `check`. */
function play(
  steps: readonly Step[],
  check: (reconcile: { before: Snapshot; after: Snapshot; world: World; now: number }) => void,
): void {
  const world = new World();
  world.create('services', { metadata: { name: 'taken' }, spec: { selector: { app: 'x' }, ports: [{ port: 1 }] } });
  for (const name of podNames.slice(1)) world.setPod(aPod({ name, createdAt: T0 - 5 }));
  world.setSource(aService());
  let now = T0;
  world.reconcile(now);
  let generation = 0;
  for (const each of steps) {
    if (each.kind === 'wait') now += each.ms;
    else if (each.kind === 'podGone') world.deletePod(each.name);
    else if (each.kind === 'checks')
      world.observations = withNodes(toObservations(world, each.said, now - each.ago), world.observations?.nodes);
    else if (each.kind === 'nodes') {
      const nodes = each.nodes.map((node) => ({ ...node, since: now - each.ago }));
      world.observations = withNodes(world.observations, nodes);
    } else if (each.kind === 'source') world.setSource(aService(each.annotations, each.shape));
    else {
      const old =
        world.pods.get(each.name) ?? aPod({ name: each.name, uid: `uid-${each.name}-${generation++}` as never });
      world.setPod({ ...old, ...each.change });
    }
    const before = world.snapshot();
    world.reconcile(now);
    check({ before, after: world.snapshot(), world, now });
  }
}

function withNodes(observations: Observations | undefined, nodes: Observations['nodes']): Observations | undefined {
  if (nodes === undefined || nodes.length === 0) return observations && { ...observations, nodes: [] };
  return { observer: 'bridge-0', pods: observations?.pods ?? [], nodes };
}

function toObservations({ pods }: World, said: Said | null, since: number): Observations | undefined {
  if (said === null) return undefined;
  const judged = Object.entries(said).flatMap(([name, verdict]) => {
    const uid = pods.get(name)?.uid;
    return uid === undefined || verdict === undefined ? [] : [{ uid, check: CHECK, verdict, since }];
  });
  return { observer: 'bridge-0', pods: judged };
}

const leaderSlices = (snapshot: Snapshot) =>
  snapshot.slices.filter((slice) => slice.annotations['zen-lead.io/epoch'] !== undefined);
const routedUid = (snapshot: Snapshot) =>
  leaderSlices(snapshot).find((slice) => slice.annotations['zen-lead.io/pods-revision'] !== undefined)?.spec
    ?.endpoints[0]?.targetRef?.uid;
const enabled = (snapshot: Snapshot) => snapshot.source?.annotations['zen-lead.io/enabled'] === 'true';

/** A second pod is routed to only where a user asks for it, after a planned move, while fit. */
function expectOverlap(snapshot: Snapshot, uid: string | undefined, now: number): void {
  expect(snapshot.source?.annotations['zen-lead.io/handover']).toBe('overlap');
  const pod = snapshot.candidates.find((each) => each.uid === uid);
  expect(pod).toMatchObject({ ready: true, phase: 'Running', terminating: false, selected: true });
  expect(pod?.exclude).not.toBe('true');
  const notes = leaderSlices(snapshot).find(({ annotations: own }) => own['zen-lead.io/pods-revision'])?.annotations;
  expect(['Pinned', 'Preferred', 'LeaderNodeCordoned', 'ScaleDownSurvivor']).toContain(notes?.['zen-lead.io/reason']);
  expect(uid).not.toBe(notes?.['zen-lead.io/leader-pod-uid']);
  expect(JSON.parse(notes?.['zen-lead.io/handover-from'] ?? '{}')).toMatchObject({
    uid,
    epoch: Number(notes?.['zen-lead.io/epoch']),
  });
  expect(now).toBeLessThan(Date.parse(notes?.['zen-lead.io/leader-last-switch-time'] ?? '') + 300_000);
}

describe('over random histories', () => {
  it('S1: one endpoint a leader slice, or two after a planned move that overlaps, all families the same pod, no secondary above the primary', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ after, now }) => {
          const slices = leaderSlices(after);
          const uids = [0, 1].map(
            (place) => new Set(slices.flatMap(({ spec }) => spec?.endpoints[place]?.targetRef?.uid ?? [])),
          );
          for (const each of uids) expect(each.size).toBeLessThanOrEqual(1);
          expect(new Set(slices.map((slice) => slice.annotations['zen-lead.io/epoch'])).size).toBeLessThanOrEqual(1);
          for (const slice of slices) {
            const [, left, ...others] = slice.spec?.endpoints ?? [];
            expect(others).toEqual([]);
            if (left !== undefined) expectOverlap(after, left.targetRef?.uid, now);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('S2, S6: a pod that is routed to is fit, or is kept by pause, grace or hold at the address that was routed to', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ before, after, now }) => {
          const { decision } = assess(before, now);
          // A rename while a leader is kept gives a reason about the rename.
          const keeps = ['paused', 'no-leader', 'failover-min-delay'].some(
            (key) => before.source?.annotations[`zen-lead.io/${key}`],
          );
          if (decision.reason === 'SliceMadeAnew' && keeps) return;
          for (const slice of leaderSlices(after)) {
            for (const endpoint of slice.spec?.endpoints ?? []) {
              const pod = after.candidates.find((each) => each.uid === endpoint.targetRef?.uid);
              expect(pod).toBeDefined();
              expect(pod?.ips).toContain(endpoint.addresses[0]);
              expect(['Succeeded', 'Failed']).not.toContain(pod?.phase);
              if (decision.reason === 'Paused') continue;
              expect(pod).toMatchObject({ terminating: false, selected: true });
              expect(pod?.exclude).not.toBe('true');
              if (decision.reason === 'Held' || decision.reason === 'FailoverDelayed') continue;
              expect(pod).toMatchObject({ ready: true, phase: 'Running' });
            }
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('S4: the epoch never goes down, and grows with every election', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let highest = 0;
        play(steps, ({ before, now }) => {
          const { decision } = assess(before, now);
          if (!enabled(before) || decision.plan === null) return;
          // A slice that is made again after opt-out starts at the time in milliseconds. Here,
          // unlike on a server, reconciles take no time.
          const isAnew = leaderSlices(before).length === 0;
          if (!isAnew) expect(decision.epoch).toBeGreaterThanOrEqual(highest);
          if (decision.kind === 'elected' && !isAnew) expect(decision.epoch).toBeGreaterThan(highest);
          highest = decision.epoch;
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('S3, S7: writes touch only what is ours, and say what they were decided on', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let takenVersion: string | undefined;
        play(steps, ({ before, now, world }) => {
          takenVersion ??= world.service('taken')?.resourceVersion;
          const uid = before.source?.uid;
          for (const write of assess(before, now).writes) {
            if (write.kind === 'create' || write.kind === 'deleteControllerEndpoints') continue;
            expect(write.resourceVersion).toMatch(/^[1-9]\d*$/);
            const isOurs =
              before.services.some(
                (each) => each.name === write.name && uid !== undefined && isOurService(each, uid),
              ) || before.slices.some((each) => each.name === write.name && uid !== undefined && isOurSlice(each, uid));
            expect(isOurs).toBe(true);
          }
          expect(world.service('taken')?.resourceVersion).toBe(takenVersion);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('S8, S11: a fit leader stays while it is sticky and nothing was pinned, excluded or renamed, or no verdict is known', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ before, after }) => {
          const uid = routedUid(before);
          const pod = before.candidates.find((each) => each.uid === uid);
          const settings = before.source?.annotations ?? {};
          const isFit =
            pod?.ready && !pod.terminating && pod.phase === 'Running' && pod.selected && pod.exclude !== 'true';
          // S11: a check that no bridge runs.
          const isBlind =
            settings['zen-lead.io/health-check']?.startsWith('tcp://') === true && before.observer === undefined;
          const isPlain =
            enabled(before) &&
            (isBlind ||
              (settings['zen-lead.io/sticky'] !== 'false' && settings['zen-lead.io/pin-leader'] === undefined));
          const portsResolve = typeof before.source?.ports[0]?.targetPort !== 'string' || (pod?.ports.length ?? 0) > 0;
          const family = before.source?.ipFamilies[0] === 'IPv6';
          const hasAddress = pod?.ips.some((ip) => ip.includes(':') === family);
          if (pod?.health?.verdict === 'failing') return; // S10
          if (pod !== undefined && nodeFaultOf(pod) !== null) return;
          if (isFit && isPlain && portsResolve && hasAddress && before.source?.selector)
            expect(routedUid(after)).toBe(uid);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('S10: a leader against which its check alone stands is left only for a pod that passes that check', () => {
    let left = 0;
    let kept = 0;
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ before, now }) => {
          const { observer: _, ...unchecked } = before;
          const { decision } = assess(before, now);
          const otherwise = assess(unchecked, now).decision;
          const incumbent = before.candidates.find(({ uid }) => uid === decision.previous?.uid);
          const isFitOtherwise = otherwise.reason === 'LeaderFit' && otherwise.leader?.uid === incumbent?.uid;
          if (incumbent?.health?.verdict !== 'failing' || before.observer === undefined || !isFitOtherwise) return;
          if (decision.leader?.uid === incumbent.uid) {
            kept += 1;
            return;
          }
          left += 1;
          const successor = before.candidates.find(({ uid }) => uid === decision.leader?.uid);
          expect(successor?.health?.verdict).toBe('passing');
          expect(before.source?.annotations['zen-lead.io/health-check-timeout']).not.toBe('soon');
        });
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(left, kept)).toBeGreaterThan(0);
  });

  it('a node clears no route, and a leader is left for its node only for a pod on a better one', () => {
    let left = 0;
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ before, now }) => {
          const { decision } = assess(before, now);
          const candidates = before.candidates.map(({ node: _, ...pod }) => pod);
          const otherwise = assess({ ...before, candidates }, now).decision;
          expect(decision.leader === null).toBe(otherwise.leader === null);
          if (!nodeReasons.has(decision.reason)) return;
          left += 1;
          const [from, to] = [decision.previous, decision.leader].map((leader) =>
            before.candidates.find(({ uid }) => uid === leader?.uid),
          );
          expect(from && to && nodeRank(to) < nodeRank(from)).toBe(true);
        });
      }),
      { numRuns: RUNS },
    );
    expect(left).toBeGreaterThan(0);
  });

  it('settles: reconciling again writes nothing, keeps the leader, and does not depend on the order of any list', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ before, world, now }) => {
          world.reconcile(now); // `follow` of an opt-out included
          const settled = world.snapshot();
          const again = assess(settled, now);
          expect(again.writes).toEqual([]);
          expect(again.decision.kind).not.toBe('elected');
          const reversed: Snapshot = {
            ...before,
            candidates: before.candidates.toReversed(),
            services: before.services.toReversed(),
            slices: before.slices.toReversed(),
          };
          expect(assess(reversed, now)).toEqual(assess(before, now));
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('time alone changes nothing before the instant that nextLookAt names', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 20_000 }), (steps, later) => {
        play(steps, ({ after, now }) => {
          const { decision: before, nextLookAt } = assess(after, now);
          const until = Math.min(now + later, (nextLookAt ?? Number.POSITIVE_INFINITY) - 1);
          const { decision: then } = assess(after, until);
          expect(then.leader).toEqual(before.leader);
          expect(then.reason).toEqual(before.reason);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('waits end in proportion to their settings, whatever instants the pods claim', () => {
    const anInstant = fc.oneof(
      fc.integer({ min: T0 - 60_000, max: T0 + 60_000 }),
      fc.constantFrom(0, T0 + 600_000, T0 + 3_600_000, 2 * T0, Number.MAX_SAFE_INTEGER),
    );
    const claims = fc.record(
      { createdAt: anInstant, readyChangedAt: anInstant, ready: fc.boolean() },
      { requiredKeys: ['createdAt', 'ready'] },
    );
    const seconds = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.tuple(claims, claims), seconds, seconds, fc.boolean(), (pods, minReady, grace, hasLeader) => {
        const world = new World();
        for (const [i, claim] of pods.entries()) {
          const { readyChangedAt: _, ...pod } = aPod({ name: `pg-${i}` });
          world.setPod(hasLeader && i === 0 ? pod : { ...pod, ...claim });
        }
        world.setSource(aService());
        if (hasLeader) world.reconcile(T0);
        const [first] = pods;
        world.changePod('pg-0', first);
        const durations = { 'min-ready-duration': `${minReady}s`, 'failover-min-delay': `${grace}s` };
        world.setSource(aService(durations));
        // Twice: an instant that was too far ahead becomes credible while the first wait runs, and
        // begins another one.
        const longest = 2 * (1_000 * (minReady + grace) + MAX_AHEAD_MS);

        let now: number | null = T0;
        const isWaiting = (at: number): boolean =>
          ['WaitingForMinReady', 'FailoverDelayed'].includes(assess(world.snapshot(), at).decision.reason);
        while (now !== null && isWaiting(now)) {
          now = assess(world.snapshot(), now).nextLookAt;
          expect(now).not.toBeNull();
          expect(now).toBeLessThanOrEqual(T0 + longest);
        }
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it('every decision says one of the reasons of its kind', () => {
    const closed: Record<string, readonly string[]> = {
      elected: electedReasons,
      kept: keptReasons,
      lost: lostReasons,
      refused: refusedReasons,
    };
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ before, now }) => {
          const { kind, reason, leader } = assess(before, now).decision;
          expect(closed[kind]).toContain(reason);
          expect(leader === null).toBe(kind === 'lost' || kind === 'refused');
        });
      }),
      { numRuns: RUNS },
    );
  });
});
