/**
 * Checks, over random histories of one Service with a role check, what docs/guarantees.md says of
 * roles.
 */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import type { PodObservation } from '../../../lib/selection/observation.ts';
import type { Candidate, Snapshot } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, observed, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

const RUNS = 300;
const CHECK = 'redis://:6379';
const podNames = ['pg-0', 'pg-1', 'pg-2'] as const;

const aSaying = fc.constantFrom<Partial<PodObservation> | undefined>(
  { verdict: 'passing', role: 'primary' },
  { verdict: 'passing', role: 'primary' },
  { verdict: 'passing', role: 'other' },
  { verdict: 'failing', detail: 'timeout' },
  undefined,
);
const anInstant = fc.constantFrom(T0 - 9_000, T0, T0, T0 + 3_600_000);
const sayings = fc.record(Object.fromEntries(podNames.map((name) => [name, fc.tuple(aSaying, anInstant)])));
const settings = fc.record(
  {
    'no-leader': fc.constantFrom('clear', 'hold'),
    'pin-leader': fc.constantFrom(...podNames),
    'min-ready-duration': fc.constantFrom('2s', 'x'),
    'failover-min-delay': fc.constant('20s'),
    'health-check': fc.constant(CHECK),
    sticky: fc.constant('false'),
    paused: fc.constantFrom('false', 'false', 'true'),
  },
  { requiredKeys: [] },
);
const change = fc.record(
  { ready: fc.boolean(), exclude: fc.constantFrom('true', 'false'), terminating: fc.constantFrom(false, false, true) },
  { requiredKeys: [] },
);
const step = fc.record({
  says: fc.option(sayings, { freq: 9 }),
  settings,
  pod: fc.constantFrom(...podNames),
  change: fc.option(change),
});
const history = fc.array(step, { minLength: 1, maxLength: 12 });

function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[], check: Check): void {
  const world = new World();
  for (const name of podNames) world.setPod(aPod({ name }));
  let now = T0;
  for (const each of steps) {
    now += 1_000;
    world.setSource(aService({ 'role-check': CHECK, ...each.settings }));
    if (each.change !== null) world.changePod(each.pod, each.change);
    const said = Object.entries(each.says ?? {}).flatMap(([name, [saying, since]]) =>
      saying === undefined ? [] : [[name, { check: CHECK, since, ...saying }] as const],
    );
    world.observations = each.says === null ? undefined : observed(Object.fromEntries(said));
    const before = world.snapshot();
    world.reconcile(now);
    check(before, world.snapshot(), now);
  }
}

type Check = (before: Snapshot, after: Snapshot, now: number) => void;
const isFit = (pod: Candidate) => pod.ready && !pod.terminating && pod.exclude !== 'true';
const saysPrimary = (pod: Candidate) => isFit(pod) && pod.health?.role === 'primary';

describe('over random histories of roles', () => {
  it('roles: only a pod that says that it is the primary is elected, and one that says so stays', () => {
    let taken = 0;
    let stayed = 0;
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, (before, _, now) => {
          const { kind, previous, leader, reason } = assess(before, now).decision;
          const podOf = (uid: string | undefined) => before.candidates.find((pod) => pod.uid === uid);
          if (reason === 'Paused') return;
          const incumbent = podOf(previous?.uid);
          if (incumbent !== undefined && saysPrimary(incumbent)) {
            expect(leader?.uid).toBe(incumbent.uid);
            stayed += 1;
          } else if (kind === 'elected' && reason !== 'SliceMadeAnew') {
            expect(saysPrimary(podOf(leader?.uid) as Candidate)).toBe(true);
            taken += 1;
          }
        });
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(taken, stayed)).toBeGreaterThan(0);
  });

  it('roles: a fit leader goes only where it was asked and does not say that it is the primary (S11)', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, (before, _, now) => {
          const { previous, leader } = assess(before, now).decision;
          const incumbent = before.candidates.find((pod) => pod.uid === previous?.uid);
          if (incumbent === undefined || !isFit(incumbent) || leader?.uid === incumbent.uid) return;
          expect(incumbent.health).toBeDefined();
          expect(incumbent.health?.role).not.toBe('primary');
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('roles: reconciling again writes nothing, and the order of the pods does not matter', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, (before, after, now) => {
          expect(assess(after, now).writes).toEqual([]);
          const reversed = { ...before, candidates: before.candidates.toReversed() };
          expect(assess(reversed, now)).toEqual(assess(before, now));
        });
      }),
      { numRuns: RUNS },
    );
  });
});
