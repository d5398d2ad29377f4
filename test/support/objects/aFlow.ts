/** Builds flows, and runs them on the simulated cluster, one instant after the other. */

import type { Decision } from '../../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../../lib/flow/engine/progress.ts';
import { decideSimulated } from '../../../lib/flow/simulate/decideSimulated.ts';
import { type PlannedEnd, startSimulatedCluster } from '../../../lib/flow/simulate/simulatedCluster.ts';
import type { FlowSpec, JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { readSpec } from '../../../lib/flow/spec/readSpec.ts';
import type { FlowSnapshot } from '../../../lib/flow/state/snapshot.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';

export const aTemplate: JsonObject = {
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.com/work:1' }] } } },
};

/** A Job step as a user writes it: `aStep('b', 'a')` depends on a. */
export function aStep(name: string, needs: string | readonly string[] = [], fields: JsonObject = {}): JsonObject {
  const dependencies = typeof needs === 'string' ? [needs] : needs;
  return { name, template: aTemplate, ...(dependencies.length > 0 && { dependencies }), ...fields };
}

export function aManualStep(name: string, needs: readonly string[] = [], fields: JsonObject = {}): JsonObject {
  return { name, type: 'Manual', dependencies: needs, ...fields };
}

export function aSpec(fields: JsonObject): FlowSpec {
  const { spec, problems } = readSpec(fields);
  if (problems.length > 0) throw new Error(problems.map(({ path, message }) => `${path} ${message}`).join('; '));
  return spec;
}

/** `ok`, `fail`, `fail:3`, `timeout`; the last one repeats. Without a plan a Job succeeds. */
export type Outcomes = Readonly<Record<string, readonly string[]>>;

/** Each Job takes ten seconds. */
export const JOB_MS = 10_000;

/** What the Jobs of a step give, by name. */
export type Given = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function planOf(
  outcomes: Outcomes,
  durationMs = JOB_MS,
  given: Given = {},
): (step: string, attempt: number) => PlannedEnd {
  return (step, attempt) => {
    const list = outcomes[step] ?? ['ok'];
    const [kind = 'ok', exitCode = '1'] = (list[attempt - 1] ?? list.at(-1) ?? 'ok').split(':');
    if (kind !== 'ok' && kind !== 'fail' && kind !== 'timeout') throw new Error(`unknown outcome ${kind}`);
    return { kind, exitCode: Number(exitCode), durationMs, outputs: given[step] ?? {} };
  };
}

export function aFlowWorld(spec: JsonObject, outcomes: Outcomes = {}, durationMs = JOB_MS, given: Given = {}) {
  const flow = { namespace: 'data', name: 'nightly', spec: aSpec(spec), problems: [] };
  const cluster = startSimulatedCluster(flow, planOf(outcomes, durationMs, given), 0);
  const changes: StepChange[] = [];
  const decideOnce = (now: number, basis: FlowSnapshot['basis']): Decision => {
    const { snapshot, decision } = decideSimulated(cluster, cluster.snapshot(now, basis), now);
    for (const write of toWrites(decision, snapshot)) cluster.apply(write, now);
    changes.push(...decision.changes);
    return decision;
  };
  return {
    cluster,
    changes,
    /** Decides until nothing changes at this instant. The last decision. */
    at(now: number, basis: FlowSnapshot['basis'] = 'read'): Decision {
      let decision = decideOnce(now, basis);
      for (let count = 0; decision.kind === 'advanced' && count < 200; count += 1) decision = decideOnce(now, basis);
      return decision;
    },
    /** Phase, reason, and attempts after the first: `Running`, `Pending Backoff 2`. */
    states(): Readonly<Record<string, string>> {
      const steps = cluster.record()?.steps ?? [];
      const toText = ([phase, reason, attempt]: readonly [string, string | null, number]) =>
        [phase, reason, attempt > 1 ? attempt : null].filter((part) => part !== null).join(' ');
      return Object.fromEntries(steps.map((step) => [step.name, toText([step.phase, step.reason, step.attempt])]));
    },
    jobs(now: number): readonly string[] {
      return cluster.snapshot(now).jobs.map(({ step, attempt }) => `${step}/${attempt}`);
    },
  };
}

/** Decides at each instant at which something can happen, up to the end of time. */
export function runToEnd(world: ReturnType<typeof aFlowWorld>, from = 0): number {
  let now = from;
  for (let count = 0; count < 1_000; count += 1) {
    const { nextReconcileAt, kind } = world.at(now);
    const next = [world.cluster.nextEndAt(now), nextReconcileAt].filter((instant) => instant !== null && instant > now);
    if (kind === 'finished' || next.length === 0) return now;
    now = Math.min(...next.map(Number));
  }
  throw new Error('does not end');
}
