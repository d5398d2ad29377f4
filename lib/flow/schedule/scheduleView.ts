/**
 * ScheduleView: everything one decision about a JobFlowSchedule depends on, with the flows that it
 * has made. All instants are epoch milliseconds.
 */

import type { JsonObject, Problem } from '../spec/flowSpec.ts';

export interface ScheduleSpec {
  /** Five fields, or a nickname. */
  readonly schedule: string;
  readonly timeZone: string;
  readonly suspend: boolean;
  readonly concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace';
  /** Null where a run may be late by any time. */
  readonly startingDeadlineMs: number | null;
  readonly successfulLimit: number;
  readonly failedLimit: number;
  readonly template: FlowTemplate;
}

export interface FlowTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The spec of a JobFlow, as the user wrote it. */
  readonly spec: JsonObject;
}

export interface ScheduleView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly terminating: boolean;
  readonly createdAt: number;
  readonly spec: ScheduleSpec;
  /** With an error among them nothing starts. */
  readonly problems: readonly Problem[];
  readonly status: ScheduleStatus | null;
}

export interface ScheduleStatus {
  readonly observedGeneration: number;
  /** Flows that have not ended. */
  readonly active: readonly { readonly name: string; readonly uid: string }[];
  readonly activeCount: number;
  /** The time that the newest flow is for. */
  readonly lastScheduleAt: number | null;
  /**
   * The time for which a flow is about to be made, where only one may run. Whoever reads it makes
   * that flow, before it decides about another time.
   */
  readonly startingAt: number | null;
  /** When a flow last succeeded. */
  readonly lastSuccessfulAt: number | null;
  /** The last time at which a run was due and could not start. */
  readonly lastMissedAt: number | null;
  readonly nextScheduleAt: number | null;
  readonly conditions: readonly ScheduleCondition[];
}

export interface ScheduleCondition {
  readonly type: 'Valid' | 'Ready';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionAt: number;
}

/** A flow that the schedule controls. */
export interface ScheduledRun {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The time that it is for. */
  readonly scheduledAt: number;
  readonly phase: 'active' | 'succeeded' | 'failed';
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** It was asked to end. */
  readonly isShutDown: boolean;
}

/** Why no flow can be made of the template, for now. */
export interface RefusedRun {
  readonly scheduledAt: number;
  readonly reason: 'NameTaken' | 'FlowRefused';
  readonly message: string;
}
