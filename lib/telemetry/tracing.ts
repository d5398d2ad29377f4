/**
 * Tracing: what the rest of the program knows of traces. `noTracing` is the default and costs one
 * call. openTelemetry.ts is the other implementation, which startTracing.ts loads only where traces
 * are wanted.
 *
 * Source: https://www.w3.org/TR/trace-context/#traceparent-header (`traceparent` below is one).
 */

type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly kind?: 'internal' | 'client' | 'producer' | 'consumer';
  /** A traceparent, whose child the span is. Absent, it is a child of the span that is running. */
  readonly parent?: string | undefined;
  /**
   * A traceparent, whose trace the span begins. It takes those ids, so that what carries them
   * already points here.
   */
  readonly beginning?: string | undefined;
  /** Epoch milliseconds, for what began before it was known that it would be traced. */
  readonly startAt?: number;
  /**
   * Makes none where no span is running, because a list or a Lease renewal on its own would be
   * noise.
   */
  readonly onlyInside?: true;
  readonly attributes?: SpanAttributes;
}

export interface Span {
  set(attributes: SpanAttributes): void;
  /** Undefined where nothing is traced. */
  traceparent(): string | undefined;
}

export interface Tracing {
  /** False when wrapping anything for it would be waste. */
  readonly isOn: boolean;
  /**
   * Runs `work` inside a span, which ends when `work` returns or its promise settles, and keeps
   * what it throws.
   */
  span<Result>(name: string, start: SpanStart, work: (span: Span) => Result): Result;
  /** Sends what waits, up to a bound. Never rejects. */
  close(): Promise<void>;
}

/** Where nothing is traced. */
export const noSpan: Span = { set: () => undefined, traceparent: () => undefined };

export const noTracing: Tracing = {
  isOn: false,
  span: (_name, _start, work) => work(noSpan),
  close: async () => undefined,
};

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Null for a text that is not one. */
export function parseTraceparent(text: string | undefined): TraceIds | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** For log lines: the id by which everything about one change is found, traced or not. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return parseTraceparent(traceparent)?.traceId;
}
