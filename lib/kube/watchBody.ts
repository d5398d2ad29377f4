/**
 * Yields the lines of one watch request's body, parsed as JSON and nothing more.
 *
 * Guarantees: ends when the server ends the response cleanly between two lines. Otherwise it throws
 * `WATCH_BROKEN` for a line that cannot be read or is cut in its middle. It throws
 * `KUBE_UNAVAILABLE` for a connection that went between two lines, and `ABORTED` when the caller
 * has gone. It throws what kubeError.ts makes of a status other than 200. A quiet body never times
 * out. Leaving the loop drops the connection.
 */

import { ZenLeadError } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import { type Exchange, type HttpRequest, type HttpResponse, readBody, sendRequest } from './exchange.ts';
import { toAbortedError, toConnectionError, toKubeError } from './kubeError.ts';
import { createLineSplitter } from './splitLines.ts';

/**
 * Ten times the 1.5 MiB over which etcd refuses values (--max-request-bytes), because JSON is
 * larger than the protobuf stored.
 */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

export async function* openWatch(
  exchange: Exchange,
  request: HttpRequest,
  openTimeoutMs: number,
  signal: AbortSignal,
  onOpen?: () => void,
): AsyncGenerator<unknown, void, void> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    // The deadline ends with the headers: `opening` aborts `stop`, which the body then outlives.
    const response = await withDeadline(request.attempt, signal, openTimeoutMs, (opening) =>
      openResponse(exchange, request, stop, opening),
    );
    onOpen?.();
    yield* readLines(request, response, signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function openResponse(
  exchange: Exchange,
  request: HttpRequest,
  stop: AbortController,
  opening: AbortSignal,
): Promise<HttpResponse> {
  const abort = () => stop.abort();
  opening.addEventListener('abort', abort, { once: true });
  try {
    const response = await sendRequest(exchange, request, stop.signal);
    if (response.statusCode === 200) return response;
    const status = await readBody(response);
    throw toKubeError(request.attempt, response.statusCode, status, response.retryAfter, exchange.now());
  } finally {
    opening.removeEventListener('abort', abort);
  }
}

async function* readLines(request: HttpRequest, response: HttpResponse, signal: AbortSignal): AsyncGenerator<unknown> {
  const splitter = createLineSplitter(MAX_LINE_BYTES);
  try {
    for await (const chunk of response.body) {
      for (const line of splitter.push(chunk)) yield parseLine(line);
    }
  } catch (error) {
    if (signal.aborted) throw toAbortedError(request.attempt);
    if (error instanceof ZenLeadError) throw named(request, error);
    if (splitter.pendingBytes() === 0) throw toConnectionError(request.attempt, error);
    throw cutInLine(request, splitter.pendingBytes(), error);
  }
  if (splitter.pendingBytes() > 0) throw cutInLine(request, splitter.pendingBytes());
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ZenLeadError('WATCH_BROKEN', `a line is not JSON: ${line.slice(0, 80)}`, { retry: 'later', cause });
  }
}

function named(request: HttpRequest, error: ZenLeadError): ZenLeadError {
  return new ZenLeadError(error.code, `${request.attempt}: ${error.message}`, { retry: error.retry, cause: error });
}

function cutInLine(request: HttpRequest, pendingBytes: number, cause?: unknown): ZenLeadError {
  const message = `${request.attempt}: the stream was cut in the middle of a line, after ${pendingBytes} bytes of it`;
  return new ZenLeadError('WATCH_BROKEN', message, { retry: 'later', cause });
}
