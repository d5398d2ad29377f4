/**
 * FlowSnapshot: everything one decision about a flow depends on, and nothing else.
 *
 * All instants are epoch milliseconds, all lists are without order.
 */

import type { FlowSpec, JsonObject, Problem } from '../spec/flowSpec.ts';
import type { Facts } from './facts.ts';
import type { FlowPhase } from './flowPhase.ts';
import type { FlowRecord, StepPhase, Values } from './record.ts';

export interface FlowView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Grows with every change of the spec. */
  readonly generation: number;
  readonly terminating: boolean;
  readonly createdAt: number;
  /** Only those of the group `workflow.kube-zen.io`. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: FlowSpec;
  /** Of `spec` (hashSpec), computed once for each version that is seen. */
  readonly specHash: string;
  /** What readSpec found. */
  readonly problems: readonly Problem[];
  /** What the view in `status` says; null before its first write. */
  readonly status: FlowStatusView | null;
  /** What it was parsed from, cut down; only where it may be sent on (parseWatchedFlow.ts). */
  readonly source?: JsonObject;
}

/** What the view said when it was last written. */
export interface FlowStatusView {
  readonly phase: FlowPhase;
  readonly reason: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Of the record that it was made of; 0 before the first one. */
  readonly recordRevision: number;
  readonly observedGeneration: number;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    /** RFC 3339, as it stands there. */
    readonly lastTransitionTime: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly steps: readonly StepStatusView[];
}

export interface StepStatusView {
  readonly name: string;
  readonly phase: StepPhase;
  readonly reason: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly jobUid: string | null;
  readonly retries: number;
  readonly exitCode: number | null;
  readonly by: string | null;
  readonly outputs: Values;
}

export interface RecordView {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Null while it is empty: it is made so, and then patched. `unreadable` decides nothing. */
  readonly record: FlowRecord | null | 'unreadable';
  /** The name belongs to an object that the flow does not control. Only in what was read. */
  readonly isTaken?: boolean;
}

export interface JobView {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly step: string;
  readonly attempt: number;
  /** The flow is its controller, by uid. */
  readonly isOurs: boolean;
  readonly terminating: boolean;
  readonly outcome: JobOutcome | null;
  /** Of the container that ended last. Else it is a fact, and is asked for. */
  readonly exitCode?: number;
  /** `spec.suspend`. False where absent. */
  readonly suspended?: boolean;
  /** zen-flow suspended it, and why. */
  readonly held?: 'once' | 'suspend';
}

export interface JobOutcome {
  readonly kind: 'Complete' | 'Failed';
  /** Of the condition: `DeadlineExceeded`, `PodFailurePolicy`, `BackoffLimitExceeded`. */
  readonly reason: string;
  readonly at: number;
}

export interface FlowSnapshot {
  /** Null when it is gone. */
  readonly flow: FlowView | null;
  readonly record: RecordView | null;
  readonly jobs: readonly JobView[];
  /**
   * `read`: the Jobs were read consistently, after the record was. Only then a Job that is not in
   * the list is gone (Z2). `watch`: it may be on its way.
   */
  readonly basis: 'watch' | 'read';
  readonly revisions: { readonly flows: string; readonly jobs: string };
  /** Jobs that the API server will never take; none where absent. */
  readonly refused?: readonly RefusedStart[];
  /**
   * Until then no Job that is missing is made again, because it would be over a quota. Absent where
   * none was.
   */
  readonly createAgainAt?: number;
  /** What decisions about it have asked for. */
  readonly facts?: Facts;
}

export interface RefusedStart {
  readonly step: string;
  readonly attempt: number;
  /** In the API server's words. */
  readonly message: string;
}
