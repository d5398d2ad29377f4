/**
 * Declares the event that the bridge sends, which asks to reconcile one Service.
 * docs/reference/events.md.
 *
 * `parseReconcileEvent` and the zod schemas that these types are checked against stand beside it.
 */

import type { CloudEventV1 } from 'cloudevents';
import type { Observations } from '../selection/observation.ts';
import type { GoneSource, SentSnapshot } from '../selection/snapshot.ts';

export const reconcileTypes = [
  'io.zen-lead.pod.added',
  'io.zen-lead.pod.modified',
  'io.zen-lead.pod.deleted',
  'io.zen-lead.pod.checked', // a health check gave another verdict
  'io.zen-lead.service.added',
  'io.zen-lead.service.modified',
  'io.zen-lead.service.deleted',
  'io.zen-lead.service.drifted', // another client changed what we own
  'io.zen-lead.service.resync', // periodic
  'io.zen-lead.service.recheck', // a timer that a reply asked for
] as const;
export type ReconcileType = (typeof reconcileTypes)[number];

/** False when no change was seen and only time has passed. */
export function isAboutChange(type: string): boolean {
  return type !== 'io.zen-lead.service.resync' && type !== 'io.zen-lead.service.recheck';
}

/** What was seen. Fields are absent where a resync or a timer saw no particular object. */
export interface Change {
  readonly kind: 'Pod' | 'Service' | 'EndpointSlice';
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly verb: 'added' | 'modified' | 'deleted' | 'drifted' | 'resync' | 'recheck' | 'checked';
}

export interface ReconcileData {
  readonly change: Change;
  /** Epoch milliseconds; past it the snapshot is a hint (S4). */
  readonly deadline: number;
  /** Absent in a hint. */
  readonly snapshot?: SentSnapshot;
  /**
   * What the bridge saw by itself. It counts also where the snapshot does not, until the deadline.
   * The snapshot holds it already.
   */
  readonly observations?: Observations;
  /** Opaque, from the last reply. */
  readonly carry?: string;
  /**
   * A deleted Service of this name whose end has not been announced. The function checks that it
   * has gone, and no route depends on it, so it also travels in a hint.
   */
  readonly gone?: GoneSource;
}

/** A structured-mode CloudEvent 1.0, as an object. */
export interface ReconcileEvent extends CloudEventV1<ReconcileData> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: ReconcileType;
  /** `/clusters/<cluster name>` */
  readonly source: string;
  /** `namespaces/<ns>/services/<source service>` */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  /** `<ns>/<service>` */
  readonly partitionkey: string;
  /** The snapshot's pods revision, zero-padded to 20 digits. */
  readonly sequence: string;
  /**
   * RFC 3339 mirror of `data.deadline`; intermediaries may change it, so `data.deadline` counts.
   */
  readonly expirytime: string;
  readonly traceparent?: string;
  readonly data: ReconcileData;
}
