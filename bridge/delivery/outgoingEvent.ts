/**
 * OutgoingEvent: what delivery reads of an event, whatever domain it is of.
 */

export interface OutgoingEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  /** RFC 3339: when the change was seen. */
  readonly time: string;
  readonly traceparent?: string;
  readonly data: {
    /** Epoch milliseconds: past it the receiver takes the snapshot for a hint. */
    readonly deadline: number;
    /** Absent in a hint. */
    readonly snapshot?: unknown;
  };
}
