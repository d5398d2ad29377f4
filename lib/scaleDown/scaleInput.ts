/**
 * ScaleInput and ScaleStep: what the next step of scale-down is decided on, and what it may be.
 */

import type { Refusal, ScaleRecord } from '../selection/scaleRecord.ts';
import type { Uid } from '../selection/snapshot.ts';
import type { Live } from './workload.ts';
import type { WorkloadPod } from './workloadPod.ts';

export interface ScaleInput {
  /** Null where the Service does not ask for it, is not enabled, or goes. */
  readonly setting: ScaleSetting | null;
  /** Paused, or a value cannot be read. Nothing but a lost leader changes anything then. */
  readonly isFrozen: boolean;
  /** What the settings of the Service alone say against it. */
  readonly conflict: Refusal | null;
  readonly leader: ScaleLeader | null;
  /** The pods that the rules would elect in the leader's place. */
  readonly electable: ReadonlySet<Uid>;
  readonly record: ScaleRecord | null;
  /** `zen-lead.io/scale-restore` of the leader Service. */
  readonly remembered: string | undefined;
  readonly facts: Facts;
}

export interface ScaleSetting {
  readonly warm: number;
  readonly afterMs: number;
  /** As the user wrote it. */
  readonly value: string;
}

export interface ScaleLeader {
  readonly uid: Uid;
  readonly name: string;
  /** Ready, not terminating, and kept because it is fit. */
  readonly isFit: boolean;
  /** Since when it leads and is Ready, epoch milliseconds. */
  readonly settledAt: number;
}

/** What has been read of the cluster. Undefined: not yet. */
export interface Facts {
  readonly live?: Live | undefined;
  readonly pods?: readonly WorkloadPod[];
  /** A pod that the Service selects and another workload owns. Read with the pods. */
  readonly stranger?: string | undefined;
  readonly rivals?: Rivals;
}

export interface Rivals {
  readonly refusal: Refusal | null;
  /** `maxReplicas` of an HPA that scales by `zen_lead_wanted_replicas`. */
  readonly hpaMax: number | null;
}

export type ScaleStep =
  /** Nothing to do before `until`, or before the next event. */
  | { readonly kind: 'wait'; readonly until: number | null }
  | { readonly kind: 'read'; readonly what: 'live' | 'rivals' | 'pods' }
  /** Write the record on the slice. */
  | { readonly kind: 'note'; readonly record: ScaleRecord | null }
  /** Write `zen-lead.io/scale-restore` on the leader Service. */
  | { readonly kind: 'remember'; readonly replicas: number | null }
  | { readonly kind: 'scale'; readonly to: number; readonly live: FoundWorkload; readonly isUp: boolean };

export type FoundWorkload = Extract<Live, { kind: 'found' }>;
