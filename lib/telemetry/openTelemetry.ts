/**
 * Traces with the OpenTelemetry SDK, which sends over OTLP/HTTP. startTracing.ts imports it only
 * when traces are on, because the SDK is some 60 modules.
 *
 * Guarantees: a reconcile never waits for a span. When the receiver is away, spans are dropped, in
 * silence and within bounds.
 * Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/ ; the batch processor's bounds are
 * its own (OTEL_BSP_*, 2,048 spans).
 */

import { context, type Span as OtelSpan, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { codeOf } from '../errors.ts';
import { createTraceIds } from './traceIds.ts';
import { type SamplerOptions, toSampler } from './traceSampler.ts';
import { noSpan, parseTraceparent, type Span, type SpanStart, type TraceIds, type Tracing } from './tracing.ts';

export interface OpenTelemetryOptions extends SamplerOptions {
  /** Where spans are posted, path included. */
  readonly url: string;
  readonly resource: Readonly<Record<string, string>>;
}

/**
 * For one batch, its retries included. A receiver that is away costs this at the end of the
 * process, a tenth of a grace period.
 */
const EXPORT_TIMEOUT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 1_500;

const kinds = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export function createOpenTelemetry(options: OpenTelemetryOptions): Tracing {
  const ids = createTraceIds();
  const provider = new NodeTracerProvider({
    idGenerator: ids,
    sampler: toSampler(options),
    resource: resourceFromAttributes({ ...options.resource }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: options.url, timeoutMillis: EXPORT_TIMEOUT_MS })),
    ],
  });
  // Only the context manager: nothing reaches over wires by itself, because the traceparent travels
  // in the event.
  provider.register({ propagator: null });
  const tracer = provider.getTracer('zen-lead');

  function open(name: string, start: SpanStart): OtelSpan {
    const beginning = parseTraceparent(start.beginning);
    if (beginning !== null) ids.next(beginning);
    const parent = parseTraceparent(start.parent);
    const around =
      beginning !== null ? trace.deleteSpan(context.active()) : parent === null ? context.active() : toContext(parent);
    const { kind = 'internal', startAt, attributes } = start;
    return tracer.startSpan(
      name,
      {
        kind: kinds[kind],
        ...(startAt !== undefined && { startTime: startAt }),
        ...(attributes !== undefined && { attributes: { ...attributes } }),
      },
      around,
    );
  }

  return {
    isOn: true,
    span(name, start, work) {
      if (start.onlyInside && trace.getSpan(context.active()) === undefined) return work(noSpan);
      const span = open(name, start);
      return context.with(trace.setSpan(context.active(), span), () => runInside(span, work));
    },
    async close() {
      const inTime = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), inTime]);
    },
  };
}

function runInside<Result>(span: OtelSpan, work: (span: Span) => Result): Result {
  let result: Result;
  try {
    result = work(toSpan(span));
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  // Beside the caller, which awaits the same promise: tracing must not make it resolve a turn
  // later.
  result.then(
    () => span.end(),
    (error: unknown) => endFailed(span, error),
  );
  return result;
}

function endFailed(span: OtelSpan, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.setAttribute('error.type', codeOf(error) ?? 'INTERNAL');
  span.end();
}

function toSpan(span: OtelSpan): Span {
  return {
    set: (attributes) => {
      span.setAttributes({ ...attributes });
    },
    traceparent() {
      const { traceId, spanId, traceFlags } = span.spanContext();
      return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
    },
  };
}

function toContext({ traceId, spanId, isSampled }: TraceIds) {
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true });
}
