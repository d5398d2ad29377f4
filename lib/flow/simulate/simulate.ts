/**
 * Runs a flow without a cluster: the real rules, on a virtual clock, with outcomes that the caller
 * chooses.
 *
 * Guarantees: the same flow and plan give the same timeline. It ends: with the flow, where only a
 * change from outside could lead on, or after MAX_DECISIONS.
 * Does not guarantee how long real Jobs take. The Job controller alone takes about a second each.
 */

import type { StepChange } from '../engine/progress.ts';
import type { Problem } from '../spec/flowSpec.ts';
import type { FlowPhase, FlowReason } from '../state/flowPhase.ts';
import { annotation, requestPrefix } from '../state/names.ts';
import type { FlowRecord } from '../state/record.ts';
import { toWrites } from '../writes/toWrites.ts';
import { decideSimulated } from './decideSimulated.ts';
import { type PlannedEnd, type SimulatedFlow, startSimulatedCluster } from './simulatedCluster.ts';

/** A flow of 1,000 steps with 100 retries each needs fewer. */
const MAX_DECISIONS = 500_000;

export interface SimulationPlan {
  readonly endOf: (step: string, attempt: number) => PlannedEnd;
  /** Answers to Manual steps, by people who may give them; the others are not answered. */
  readonly answers: ReadonlyMap<string, 'approved' | 'rejected'>;
  /** How long after it is asked a person answers. */
  readonly answerAfterMs: number;
}

export interface TimelineEntry extends StepChange {
  /** Milliseconds since the flow began. */
  readonly at: number;
}

export interface Simulation {
  readonly phase: FlowPhase | null;
  readonly reason: FlowReason | null;
  readonly timeline: readonly TimelineEntry[];
  /** Milliseconds since the flow began. */
  readonly endedAt: number;
  /** False where it waits for something that the plan does not give. */
  readonly isFinished: boolean;
  readonly record: FlowRecord | null;
  readonly problems: readonly Problem[];
}

export function simulate(flow: SimulatedFlow, plan: SimulationPlan): Simulation {
  const cluster = startSimulatedCluster(flow, plan.endOf, 0);
  const timeline: TimelineEntry[] = [];
  const asked = new Map<string, number>();
  let now = 0;
  for (let count = 0; count < MAX_DECISIONS; count += 1) {
    const { snapshot, decision } = decideSimulated(cluster, cluster.snapshot(now), now);
    for (const change of decision.changes) timeline.push({ ...change, at: now });
    for (const write of toWrites(decision, snapshot)) cluster.apply(write, now);
    for (const { step, to } of decision.changes)
      if (to === 'PendingApproval') asked.set(step, now + plan.answerAfterMs);
    const { phase, reason, problems, kind } = decision;
    const isFinished = kind === 'finished';
    const next = isFinished || kind === 'refused' ? null : nextInstant(now, decision.nextReconcileAt);
    if (next === null) return { phase, reason, timeline, endedAt: now, isFinished, record: cluster.record(), problems };
    now = next;
    answer();
  }
  throw new Error(`the simulation does not end within ${MAX_DECISIONS} decisions`);

  function nextInstant(at: number, nextReconcileAt: number | null): number | null {
    const answers = [...asked].flatMap(([step, due]) => (plan.answers.has(step) ? [due] : []));
    const instants = [cluster.nextEndAt(at), nextReconcileAt, ...answers].filter((instant) => instant !== null);
    return instants.length === 0 ? null : Math.max(at, Math.min(...instants));
  }

  function whoMayAnswer(name: string): string {
    const step = [...flow.spec.steps, ...flow.spec.finally].find((each) => each.name === name);
    return step?.approval.users[0] ?? 'simulated';
  }

  function answer(): void {
    for (const [step, due] of asked) {
      const given = plan.answers.get(step);
      if (given === undefined || due > now) continue;
      asked.delete(step);
      cluster.annotate({
        [`${requestPrefix.approved}/${step}`]: String(given === 'approved'),
        [`${requestPrefix.approvedBy}/${step}`]: whoMayAnswer(step),
        // `approval.notInitiator` asks for another person.
        [annotation.initiatedBy]: 'simulated-initiator',
      });
    }
  }
}
