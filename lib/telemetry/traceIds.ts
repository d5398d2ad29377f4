/**
 * Makes random ids, but for a span that begins a trace whose ids were handed out before.
 *
 * Guarantees: the ids that `next` is given go to the span that starts next in the same turn, and to
 * no other.
 */

import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-node';
import type { TraceIds } from './tracing.ts';

interface GivenIds extends IdGenerator {
  /** `startSpan` of a root asks for both ids before it returns. */
  next(ids: TraceIds): void;
}

export function createTraceIds(): GivenIds {
  const random = new RandomIdGenerator();
  let given: { traceId?: string; spanId?: string } = {};
  const take = (name: 'traceId' | 'spanId', make: () => string): string => {
    const id = given[name] ?? make();
    delete given[name];
    return id;
  };
  return {
    next({ traceId, spanId }: TraceIds): void {
      given = { traceId, spanId };
    },
    generateTraceId: () => take('traceId', random.generateTraceId),
    generateSpanId: () => take('spanId', random.generateSpanId),
  };
}
