/**
 * createHttpSink: makes a Sink that POSTs each event and reads the reply.
 *
 * Guarantees: any HTTP answer resolves, whatever its status. A reply that cannot be read does not
 * undo a 2xx: the work is done, and `detail` says what was wrong with the reply.
 */

import { type Envelope, parseEnvelope } from '../../lib/events/envelope.ts';
import type { AnswerScope, Sink, SinkAnswer } from '../../lib/events/sink.ts';
import { parseRetryAfter } from '../../lib/kube/parseRetryAfter.ts';
import { type EventPoster, type HttpAnswer, MAX_ANSWER_BYTES, type PostableEvent } from './eventPoster.ts';

/**
 * Of an error's body, in a log line and a dead letter: what an operator reads, and Knative's own
 * bound.
 */
const MAX_DETAIL_BYTES = 1_024;
/** An error's body holds a message of the API server; a larger body is not parsed. */
const MAX_PROBLEM_BYTES = 64 * 1_024;

const tooLarge = `the body of the answer is larger than ${MAX_ANSWER_BYTES} bytes`;

export function createHttpSink<R>(
  poster: EventPoster,
  parseReply: (envelope: Envelope) => R,
  now: () => number,
): Sink<PostableEvent, R> {
  return async (event, signal) => {
    const answer = await poster.post(event, signal);
    return answer.status >= 200 && answer.status < 300 ? toDone(answer, parseReply) : toProblem(answer, now());
  };
}

/** A Broker answers 202 without a body: done, and no reply. */
function toDone<R>({ status, headers, body }: HttpAnswer, parseReply: (envelope: Envelope) => R): SinkAnswer<R> {
  if (body === null) return { status, detail: tooLarge };
  if (body.length === 0) return { status };
  try {
    return { status, reply: parseReply(parseEnvelope(headers, body)) };
  } catch (error) {
    return { status, detail: `the reply cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function toProblem({ status, headers, body }: HttpAnswer, now: number): SinkAnswer<never> {
  const header = headers['retry-after'];
  const retryAfterMs = parseRetryAfter(typeof header === 'string' ? header : header?.[0], now);
  const detail = body === null ? tooLarge : Buffer.from(body).subarray(0, MAX_DETAIL_BYTES).toString('utf8');
  const scope = body === null ? undefined : readScope(body);
  return {
    status,
    detail,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(scope !== undefined && { scope }),
  };
}

/** Undefined for a body that is not of a function: a proxy answers 503 as well. */
function readScope(body: Uint8Array): AnswerScope | undefined {
  if (body.length > MAX_PROBLEM_BYTES) return undefined;
  try {
    const problem: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    const scope = typeof problem === 'object' && problem !== null && 'scope' in problem ? problem.scope : undefined;
    return scope === 'service' || scope === 'function' ? scope : undefined;
  } catch {
    return undefined;
  }
}
