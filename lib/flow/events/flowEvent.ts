/**
 * FlowEvent: what a bridge says about one flow. FlowReply: what the function answers.
 *
 * Level-triggered: no decision depends on the type or on the change, which are for people.
 */

import type { Decision } from '../engine/advance.ts';
import type { StepChange } from '../engine/progress.ts';
import type { Facts } from '../state/facts.ts';
import type { FlowPhase, FlowReason } from '../state/flowPhase.ts';
import type { FlowSnapshot } from '../state/snapshot.ts';

export type FlowEventType =
  | `io.zen-flow.jobflow.${'added' | 'modified' | 'deleted' | 'resync' | 'recheck'}`
  | `io.zen-flow.job.${'added' | 'modified' | 'deleted'}`;

/** A namespace and the name of a flow in it. */
export interface FlowRef {
  readonly namespace: string;
  readonly name: string;
}

/** `Snapshot`: as it is in this process, or packed for the wire (packSnapshot.ts). */
export interface FlowEvent<Snapshot = FlowSnapshot> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: FlowEventType;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  readonly partitionkey: string;
  /** The record's revision, so that text orders as the numbers do. */
  readonly sequence: string;
  /** RFC 3339 mirror of `data.deadline`, which counts. */
  readonly expirytime: string;
  readonly traceparent?: string;
  readonly data: FlowEventData<Snapshot>;
}

/** From when a bridge builds a snapshot to its deadline, as of a Service. */
export const SNAPSHOT_LIFETIME_MS = 3_000;

export interface FlowEventData<Snapshot = FlowSnapshot> {
  readonly change: FlowChange;
  /** Epoch milliseconds. Past it the snapshot is a hint. */
  readonly deadline: number;
  /** Absent in a hint. */
  readonly snapshot?: Snapshot;
  /** Instead of `snapshot`, where that would not fit into an event (compressSnapshot.ts). */
  readonly compressed?: string;
  readonly carry?: string;
}

export interface FlowChange {
  readonly kind: 'JobFlow' | 'JobFlowRecord' | 'Job';
  readonly name: string;
  readonly verb: 'added' | 'modified' | 'deleted' | 'resync' | 'recheck';
}

export interface FlowReplyData<Snapshot = FlowSnapshot> {
  readonly decision: Decision['kind'];
  readonly phase: FlowPhase | null;
  readonly reason: FlowReason | null;
  readonly changes: readonly StepChange[];
  readonly basis: 'event' | 'read';
  /** Present after a read, so that a recording holds what the decision depended on. */
  readonly snapshot?: Snapshot;
  /** What else the decision had to read. */
  readonly facts?: Facts;
  readonly recheckAfterMs?: number;
  readonly carry?: string;
}

export interface FlowReply<Snapshot = FlowSnapshot> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: `io.zen-flow.flow.${Decision['kind']}`;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: FlowReplyData<Snapshot>;
}
