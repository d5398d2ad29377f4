/**
 * Observations: what one bridge sees of pods and nodes by itself, which the API does not say.
 *
 * They travel in `data.observations` of an event. A decision uses them only from a trusted sender,
 * and only until the deadline of that event. All instants are epoch milliseconds.
 *
 * Guarantees: plain JSON; bounded; nothing that a probed pod answered but a `detail` of the list.
 * Does not guarantee that they are in order: no revision orders them.
 */

import type { Uid } from './snapshot.ts';

/** A Service with more pods than that has its leader and the next in line observed. */
export const MAX_POD_OBSERVATIONS = 64;
export const MAX_NODE_OBSERVATIONS = 64;

/** Why a check failed. The closed list; `http-` and `grpc-` add the status, a whole number. */
export const plainDetails = ['refused', 'reset', 'timeout', 'unreachable', 'not-serving', 'garbage', 'auth'] as const;
export type ObservationDetail = (typeof plainDetails)[number] | `http-${number}` | `grpc-${number}`;

/** Every detail, as one pattern. */
export const detailForm = new RegExp(`^(?:${plainDetails.join('|')}|http-[1-9]\\d{2}|grpc-\\d{1,3})$`);

export type Verdict = 'passing' | 'failing';

/** What a pod says of itself. Of the application's own election, zen-lead knows no more. */
export type Role = 'primary' | 'other';

export interface PodObservation {
  readonly uid: Uid;
  /** The check that was judged (`judgedCheck`). Void where the source asks for another one. */
  readonly check: string;
  /** Of a role check: whether the pod answers. */
  readonly verdict: Verdict;
  /** The pod's answer to a role check. */
  readonly role?: Role;
  /** When verdict or role last changed, or was first given. */
  readonly since: number;
  readonly detail?: ObservationDetail;
}

/** Bounds the name of a node condition. */
export const MAX_CONDITION_LENGTH = 128;
/** As long as the value of a label may be. */
export const MAX_ZONE_LENGTH = 63;

export interface NodeObservation {
  readonly name: string;
  /** `silent`: its Lease is no longer renewed, or it answers no connection. */
  readonly verdict: 'alive' | 'silent';
  /** When the verdict or the condition last changed, or was first seen. */
  readonly since: number;
  /** New pods are kept away from it, as `kubectl cordon` and `drain` do. */
  readonly cordoned?: boolean;
  /** A condition that makes it unfit, and is True. */
  readonly condition?: string;
  /** Its label `topology.kubernetes.io/zone`, where the rules need it and a pod has none. */
  readonly zone?: string;
}

export interface Observations {
  /** Which bridge saw it. Verdicts of two observers are never compared. */
  readonly observer: string;
  /** At most `MAX_POD_OBSERVATIONS`, the leader first, then the next in line. */
  readonly pods: readonly PodObservation[];
  /** Every node of the candidates once one of them has a fault, the leader's first. */
  readonly nodes?: readonly NodeObservation[];
}
