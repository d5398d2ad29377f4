/**
 * The HTTP application: `POST /` takes an event, answers with what was decided; `OPTIONS /` is the
 * CloudEvents webhook handshake; probes. It answers any other method on `/` with 405 and the ones
 * that there are.
 *
 *   request -> sender (401, 403) -> envelope (400, 413, 415) -> dispatch -> reply (200), or "again"
 *   (429, 503 with Retry-After)
 *
 * It does not listen by itself.
 *
 * Guarantees: work stops when its caller has gone (watchCaller.ts).
 * Source: CloudEvents HTTP protocol binding 1.0.2 (a reply is an event in the response); HTTP
 * webhook 1.0.2 section 4 (handshake); RFC 9110 15.5.6 (a 405 names what is allowed).
 */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { codeOf, ZenLeadError } from '../lib/errors.ts';
import { parseEnvelope } from '../lib/events/envelope.ts';
import { parseEvent } from '../lib/events/parseEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { toStructured } from '../lib/events/toStructured.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { type Readiness, registerProbes } from '../lib/telemetry/probes.ts';
import { toAnswer, toRetryAfterHeader } from './answer.ts';
import type { Authenticate, Sender } from './authenticate.ts';
import { dispatch } from './dispatch.ts';
import type { Reconciler } from './reconcile/reconciler.ts';
import { watchCaller } from './watchCaller.ts';

export interface AppDeps {
  readonly reconciler: Reconciler;
  readonly authenticate: Authenticate;
  readonly metrics: Metrics;
  readonly log: Logger;
  /**
   * Milliseconds for a request to arrive whole; 5 s, where our own senders need a few milliseconds.
   */
  readonly receiveTimeoutMs?: number;
  isReady(): Readiness;
}

/**
 * Events are 64 KiB at most (CloudEvents 1.0, "Size Limits"); an ApiServerSource sends whole
 * objects, which can be larger.
 */
const BODY_LIMIT_BYTES = 256 * 1024;
/**
 * Of all requests that are being received: a quarter of the memory that the manifests give a
 * function.
 */
const BODIES_LIMIT_BYTES = 96 * 1024 * 1024;
/** A bridge holds 64 at most; a connection without a request takes some 20 KB. */
const MAX_CONNECTIONS = 2_048;
/** For a reconcile, as long as our bridge ever waits for an answer. A Broker waits longer. */
const RECONCILE_TIMEOUT_MS = 15_000;
/**
 * Longer than undici (4 s) and Knative's proxies keep an idle connection, so that the one who sends
 * closes first.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** On `/`. */
const ALLOWED_METHODS = ['POST', 'OPTIONS'];

export function createApp(deps: AppDeps): FastifyInstance {
  const { receiveTimeoutMs = 5_000 } = deps;
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: receiveTimeoutMs,
    // Node takes the smaller of the two for the headers and the larger for the whole request: with
    // its own 60 s for the headers a body would have those. By default it checks only every 30 s.
    http: { headersTimeout: receiveTimeoutMs, connectionsCheckingInterval: receiveTimeoutMs / 5 },
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // A caller that still has a connection while we close is served on it once more, and then asked
    // to leave (startFunctions).
    return503OnClosing: false,
  });
  // The body as bytes, whatever it says it is: the envelope decides, and its JSON is stricter than
  // Fastify's.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.server.maxConnections = MAX_CONNECTIONS;
  const admit = createAdmission(deps);

  registerProbes(app, { metrics: deps.metrics, isReady: () => deps.isReady() });
  app.options('/', handshake);
  app.decorateRequest('sender', 'stranger');
  app.post('/', { onRequest: admit }, (request, reply) => receive(request, reply, deps));
  const others = app.supportedMethods.filter((method) => !ALLOWED_METHODS.includes(method));
  app.route({ method: others, url: '/', handler: (request, reply) => refuse(methodError(request), reply, deps) });
  app.setErrorHandler((error, _request, reply) => refuse(toInputError(error), reply, deps));
  return app;
}

declare module 'fastify' {
  interface FastifyRequest {
    sender: Sender;
  }
}

/**
 * Runs on the headers, before a byte of the body is read: authenticates the sender, and bounds what
 * all bodies together may take. 1,500 callers without a token held 557 MiB before.
 */
function createAdmission(deps: AppDeps): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  let receivingBytes = 0;
  return async (request, reply) => {
    request.sender = await deps.authenticate(request.headers.authorization);
    const declared = Number(request.headers['content-length'] ?? BODY_LIMIT_BYTES);
    const bytes = Math.min(Number.isNaN(declared) ? BODY_LIMIT_BYTES : declared, BODY_LIMIT_BYTES);
    if (receivingBytes + bytes > BODIES_LIMIT_BYTES)
      throw new ZenLeadError('BUSY', 'body: too many requests are being received at once', { retry: 'later' });
    receivingBytes += bytes;
    reply.raw.once('close', () => {
      receivingBytes -= bytes;
    });
  };
}

async function receive(request: FastifyRequest, reply: FastifyReply, deps: AppDeps): Promise<FastifyReply> {
  const signal = watchCaller(reply.raw, RECONCILE_TIMEOUT_MS);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  // headersDistinct, not headers: Node joins what is given twice into one value.
  const event = parseEvent(parseEnvelope(request.raw.headersDistinct, body));
  const replies = await dispatch(event, request.sender === 'trusted', deps.reconciler, signal);
  const [only, ...others] = replies;
  // A response holds one event. A foreign event may concern several Services, and its sender
  // expects no reply.
  if (only === undefined || others.length > 0) return reply.code(200).send();
  const message = toStructured(request.sender === 'trusted' ? only : withoutSnapshot(only));
  return reply
    .code(200)
    .headers({ ...message.headers })
    .send(message.body);
}

/** Not every caller that can reach the port may learn pods, addresses and nodes. */
function withoutSnapshot(reply: ReplyEvent): ReplyEvent {
  const { snapshot: _, ...data } = reply.data;
  return { ...reply, data };
}

function refuse(error: unknown, reply: FastifyReply, { metrics, log }: AppDeps): FastifyReply {
  const { status, retryAfterMs, body } = toAnswer(error);
  if (status < 500) metrics.refusedRequests.inc({ code: body.code });
  if (body.code === 'INTERNAL') log.error({ err: error }, 'a request failed');
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 405) reply.header('allow', ALLOWED_METHODS.join(', '));
  if (retryAfterMs !== undefined) reply.header('retry-after', toRetryAfterHeader(retryAfterMs));
  return reply.code(status).type('application/json').send(JSON.stringify(body));
}

function methodError({ method }: FastifyRequest): ZenLeadError {
  const message = `method: ${method} is not answered here; POST a CloudEvent`;
  return new ZenLeadError('METHOD_NOT_ALLOWED', message, { retry: 'never', path: 'method' });
}

/** Maps what Fastify refuses before a handler sees it. */
function toInputError(error: unknown): unknown {
  if (codeOf(error) !== undefined || !(error instanceof Error) || !('code' in error)) return error;
  const { code, message } = error;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ZenLeadError('INPUT_TOO_LARGE', `body: is larger than ${BODY_LIMIT_BYTES} bytes`, {
      retry: 'never',
      path: 'body',
    });
  if (code === 'ECONNRESET')
    return new ZenLeadError('ABORTED', 'body: the caller has gone, or took too long to send it', { retry: 'never' });
  const isInput = typeof code === 'string' && code.startsWith('FST_ERR_CTP_');
  return isInput
    ? new ZenLeadError('INPUT_INVALID', `body: ${message}`, { retry: 'never', path: 'body', cause: error })
    : error;
}

/** Consent is the two headers and not the status; a caller that does not ask gets none. */
function handshake(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const origin = request.headers['webhook-request-origin'];
  reply.header('allow', ALLOWED_METHODS.join(', '));
  if (typeof origin === 'string' && origin !== '')
    reply.headers({ 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' });
  return reply.code(200).send();
}
