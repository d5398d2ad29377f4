/**
 * Random flows under random weather: writes that are lost, views that are old, people who approve,
 * suspend, stop, retry and delete. Names as in docs/decisions/flows.md#what-holds.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, type Decision } from '../../../lib/flow/engine/advance.ts';
import { isFresh } from '../../../lib/flow/engine/isFresh.ts';
import { decideSimulated } from '../../../lib/flow/simulate/decideSimulated.ts';
import { startSimulatedCluster } from '../../../lib/flow/simulate/simulatedCluster.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { hashSpec } from '../../../lib/flow/state/hashSpec.ts';
import { parseRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import type { FlowSnapshot } from '../../../lib/flow/state/snapshot.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { aManualStep, aSpec, aStep, planOf } from '../../support/objects/aFlow.ts';
import { checkRecord, must } from '../../support/objects/checkRecord.ts';

/**
 * Enough to find each fence that was taken away. Each run draws other flows. A failure prints its
 * seed, which FLOW_SEED gives back; FLOW_RUNS draws more.
 */
const runs = {
  numRuns: Number(process.env['FLOW_RUNS'] ?? 150),
  ...(process.env['FLOW_SEED'] !== undefined && { seed: Number(process.env['FLOW_SEED']) }),
};
const MAX_STEPS = 7;
/** Long enough for uids to be recorded while it runs. */
const LONG_JOB_MS = 45_000;

interface DrawnStep {
  readonly name: string;
  /** Bits: which of the steps before it are its dependencies. */
  readonly needs: number;
  readonly kind:
    | 'plain'
    | 'retried'
    | 'tolerated'
    | 'manual'
    | 'conditional'
    | 'broken'
    | 'timed'
    | 'once'
    | 'each'
    | 'gives';
  readonly outcomes: readonly string[];
}

const drawnSteps = (prefix: string, minLength: number, maxLength: number): fc.Arbitrary<readonly DrawnStep[]> =>
  fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength, maxLength }).chain((numbers) =>
    fc.tuple(
      ...numbers.map((number) =>
        fc.record({
          name: fc.constant(`${prefix}${number}`),
          needs: fc.nat(2 ** MAX_STEPS),
          kind: fc.constantFrom<DrawnStep['kind'][]>(
            'plain',
            'plain',
            'retried',
            'tolerated',
            'manual',
            'conditional',
            'broken',
            'timed',
            'once',
            'each',
            'gives',
          ),
          outcomes: fc.array(fc.constantFrom('ok', 'ok', 'ok', 'fail', 'fail:3'), { minLength: 1, maxLength: 3 }),
        }),
      ),
    ),
  );

function toStep(drawn: DrawnStep, index: number, all: readonly DrawnStep[]): JsonObject {
  const needs = all.slice(0, index).flatMap(({ name }, bit) => ((drawn.needs >> bit) & 1 ? [name] : []));
  const fields: Readonly<Record<DrawnStep['kind'], JsonObject>> = {
    plain: {},
    retried: { retryPolicy: { limit: 2, backoff: { duration: '3s' } } },
    tolerated: { continueOnFailure: true },
    manual: {},
    conditional: needs[0] === undefined ? { when: 'false' } : { when: `steps['${needs[0]}'].phase == 'Succeeded'` },
    broken: { when: '1 / size(params.empty) == 1', continueOnFailure: true },
    timed: { timeoutSeconds: 5 },
    once: { once: true },
    each: { forEach: { items: ['x', 'y'] } },
    gives: { outputs: { parameters: [{ name: 'tag', valueFrom: { terminationMessage: {} } }] } },
  };
  return drawn.kind === 'manual' ? aManualStep(drawn.name, needs) : aStep(drawn.name, needs, fields[drawn.kind]);
}

const flows = fc
  .record({
    steps: drawnSteps('s', 1, MAX_STEPS),
    final: drawnSteps('f', 0, 2),
    parallelism: fc.integer({ min: 1, max: 3 }),
    suspendJobs: fc.boolean(),
    isOfGroup: fc.boolean(),
    onFailure: fc.constantFrom('Drain', 'Cancel'),
    backoffLimit: fc.constantFrom(0, 2, 6),
    deadline: fc.constantFrom(null, 60, 400),
  })
  .map(({ steps, final, parallelism, suspendJobs, isOfGroup, onFailure, backoffLimit, deadline }) => ({
    spec: {
      parallelism,
      suspendJobs,
      parameters: { empty: '' },
      steps: steps.map(toStep),
      finally: final.map(toStep),
      executionPolicy: {
        ...(isOfGroup && { concurrencyKey: 'one' }),
        onFailure,
        backoffLimit,
        ...(deadline !== null && { activeDeadlineSeconds: deadline }),
      },
    } satisfies JsonObject,
    outcomes: Object.fromEntries([...steps, ...final].map(({ name, outcomes }) => [name, outcomes])),
  }));

/** What happens next. `which` picks a step or a Job. */
const events = fc.array(
  fc.record({
    what: fc.constantFrom(
      'decide',
      'decide',
      'decide',
      'lose',
      'old',
      'lag',
      'wait',
      'wait',
      'approve',
      'reject',
      'skip',
      'retry',
      'suspend',
      'resume',
      'stop',
      'terminate',
      'delete',
    ),
    which: fc.nat(20),
    ms: fc.integer({ min: 0, max: 25_000 }),
  }),
  { maxLength: 40 },
);

function startRun({
  spec: raw,
  outcomes,
}: {
  readonly spec: JsonObject;
  readonly outcomes: Record<string, readonly string[]>;
}) {
  const spec = aSpec(raw);
  const names = [...spec.steps, ...spec.finally].map(({ name }) => name);
  const given = Object.fromEntries(names.map((name) => [name, { tag: 'v1' }]));
  const cluster = startSimulatedCluster(
    { namespace: 'n', name: 'f', spec, problems: [] },
    planOf(outcomes, LONG_JOB_MS, given),
    0,
  );
  const created = new Map<string, number>();
  let deletions = 0;
  let now = 0;
  let last: FlowSnapshot = cluster.snapshot(0);
  let wished: JsonObject = raw;

  const write = (decision: Decision, snapshot: FlowSnapshot, upTo: number): void => {
    for (const each of toWrites(decision, snapshot).slice(0, upTo)) {
      const before = cluster.record();
      // As the function: after a refused write nothing more is written.
      if (!cluster.apply(each, now)) return;
      const after = cluster.record();
      if (each.kind === 'patch' && each.resource === 'jobflowrecords' && after !== null)
        checkRecord(before, after, aSpec(wished), cluster.snapshot(now).jobs);
      if (each.kind !== 'create' || each.resource !== 'jobs') continue;
      const name = JSON.stringify(each.object['metadata']);
      created.set(name, (created.get(name) ?? 0) + 1);
      must((created.get(name) ?? 0) - 1 <= deletions, 'Z1', name);
    }
  };
  const decide = (upTo = Number.POSITIVE_INFINITY, from = cluster.snapshot(now)): Decision => {
    const { decision, snapshot } = decideSimulated(cluster, from, now);
    write(decision, snapshot, upTo);
    return decision;
  };
  const wish = (fields: JsonObject): void => {
    wished = { ...wished, ...fields };
    cluster.changeSpec(aSpec(wished));
  };
  return {
    cluster,
    now: () => now,
    decide,
    happen({ what, which, ms }: { readonly what: string; readonly which: number; readonly ms: number }): void {
      const step = names[which % names.length] ?? '';
      if (what === 'decide') decide();
      if (what === 'lose') decide(which % 3);
      // A view from before, which a lagging watch still shows.
      if (what === 'old') decide(which, { ...last, basis: 'watch' });
      if (what === 'lag') {
        const current = cluster.snapshot(now);
        const revisions = { ...current.revisions, jobs: last.revisions.jobs };
        const lagging = { ...current, jobs: last.jobs, revisions, basis: 'watch' } as const;
        // As the function: it reads the state otherwise (Z5).
        if (isFresh(lagging)) decide(which, lagging);
      }
      if (what === 'approve' || what === 'reject') {
        cluster.annotate({ [`approved.workflow.kube-zen.io/${step}`]: String(what === 'approve') });
      }
      if (what === 'skip') cluster.annotate({ [`skip.workflow.kube-zen.io/${step}`]: 'true' });
      if (what === 'retry') cluster.annotate({ [`attempts.workflow.kube-zen.io/${step}`]: String(2 + (which % 3)) });
      if (what === 'suspend' || what === 'resume') wish({ suspend: what === 'suspend' });
      if (what === 'stop') wish({ shutdown: 'Stop' });
      if (what === 'terminate') wish({ shutdown: 'Terminate' });
      if (what === 'delete') {
        const jobs = cluster.snapshot(now).jobs.filter(({ outcome }) => outcome === null);
        const job = jobs[which % Math.max(1, jobs.length)];
        if (job !== undefined) {
          deletions += 1;
          cluster.deleteJob(job.name);
        }
      }
      if (which % 4 === 0) last = cluster.snapshot(now);
      now += what === 'wait' ? ms : 0;
    },
    /** Calm weather, and a person who answers. Until the flow has ended. */
    settle(): Decision {
      wish({ suspend: false });
      cluster.annotate(Object.fromEntries(names.map((name) => [`approved.workflow.kube-zen.io/${name}`, 'true'])));
      for (let count = 0; count < 500; count += 1) {
        const decision = decide();
        if (decision.kind === 'finished' && decision.record === null) return decision;
        const instants = [cluster.nextEndAt(now), decision.nextReconcileAt].filter((instant) => instant !== null);
        now = decision.record === null && instants.length > 0 ? Math.max(now, Math.min(...instants)) : now;
      }
      throw new Error(`does not end: ${JSON.stringify(cluster.record())}`);
    },
  };
}

function shuffled<T>(list: readonly T[], seed: number): readonly T[] {
  return [...list]
    .map((each, index) => ({ each, key: Math.imul(index + 1, seed * 2 + 1) % 97 }))
    .sort((a, b) => a.key - b.key)
    .map(({ each }) => each);
}

describe('a random flow', () => {
  it('keeps Z1 and Z5 to Z12 in any weather, and ends (L1)', () => {
    fc.assert(
      fc.property(flows, events, (flow, list) => {
        const run = startRun(flow);
        for (const event of list) run.happen(event);
        const decision = run.settle();
        expect(decision).toMatchObject({ kind: 'finished', nextReconcileAt: expect.any(Number) });
        const { jobs } = run.cluster.snapshot(run.now());
        expect(
          jobs.filter(({ outcome }) => outcome === null),
          'Z6',
        ).toEqual([]);
      }),
      runs,
    );
  });

  it('decides the same again, whatever the order of lists', () => {
    fc.assert(
      fc.property(flows, events, fc.nat(50), (flow, list, seed) => {
        const run = startRun(flow);
        for (const event of list) {
          run.happen(event);
          if (event.which % 3 > 0) continue;
          const snapshot = run.cluster.snapshot(run.now());
          const decision = advance(snapshot, run.now());
          expect(advance(snapshot, run.now())).toEqual(decision);
          if (snapshot.flow === null) continue;
          const { steps, finally: final } = snapshot.flow.spec;
          const spec = { ...snapshot.flow.spec, steps: shuffled(steps, seed), finally: shuffled(final, seed) };
          const other = {
            ...snapshot,
            flow: { ...snapshot.flow, spec, specHash: hashSpec(spec) },
            jobs: shuffled(snapshot.jobs, seed),
          };
          const again = advance(other, run.now());
          const unordered = ({ deletes, holds, ...rest }: typeof decision) => ({
            ...rest,
            deletes: new Set(deletes),
            holds: new Set(holds),
          });
          expect(unordered(again)).toEqual(unordered(decision));
        }
      }),
      runs,
    );
  });

  it('changes nothing once a decision was written', () => {
    fc.assert(
      fc.property(flows, events, (flow, list) => {
        const run = startRun(flow);
        for (const event of list) {
          run.happen(event);
          if (event.which % 3 > 0) continue;
          const first = run.decide();
          if (first.createsRecord) run.decide();
          // A Job that was made late has its uid recorded as soon as it is seen.
          run.decide();
          expect(run.decide()).toMatchObject({ record: null, starts: [], deletes: [], createsRecord: false });
        }
      }),
      runs,
    );
  });

  it('has a record that is the same after it was written and read', () => {
    fc.assert(
      fc.property(flows, events, (flow, list) => {
        const run = startRun(flow);
        for (const event of list) run.happen(event);
        run.decide();
        run.decide();
        const record = run.cluster.record();
        if (record === null) throw new Error('no record');
        expect(parseRecord(serializeRecord(record))).toEqual(record);
      }),
      { ...runs, numRuns: 50 },
    );
  });
});
