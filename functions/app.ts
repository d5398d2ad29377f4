/**
 * The HTTP application: `POST` takes an event, answers with what was decided; `OPTIONS` is the
 * CloudEvents webhook handshake; probes. Both on every path: a SinkBinding and a proxy may add one.
 * It answers any other method with 405 and the ones that there are.
 *
 *   request -> sender (401, 403) -> envelope (400, 413, 415) -> handler -> reply (200), nothing to
 *   say (204), or "again" (429, 503 with Retry-After)
 *
 * A verdict from outside is an event, too, and Alertmanager has a path of its own for many.
 *
 * It does not listen by itself.
 *
 * Guarantees: every answer but 200 and 204 has the body of docs/reference/events.md#answers
 * (refuse.ts).
 * Source: CloudEvents HTTP protocol binding 1.0.2 (a reply is an event in the response); HTTP
 * webhook 1.0.2 section 4 (handshake); RFC 9112 section 3.2 (a request names its host).
 */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { inputError, ZenLeadError } from '../lib/errors.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { type Readiness, registerProbes } from '../lib/telemetry/probes.ts';
import { type Authenticate, refuseTokenInQuery } from './authenticate.ts';
import type { EventHandler } from './eventHandler.ts';
import { receive, receiveWebhook } from './receive.ts';
import { type ReceiveLimits, refuse, refuseClientError, toInputError } from './refuse.ts';
import { serveSchemas } from './serveSchemas.ts';

export interface AppDeps {
  readonly handler: EventHandler;
  readonly authenticate: Authenticate;
  readonly metrics: Metrics;
  readonly log: Logger;
  /**
   * Milliseconds for a request to arrive whole; 5 s, where our own senders need a few milliseconds.
   */
  readonly receiveTimeoutMs?: number;
  /** Of one request. */
  readonly bodyLimitBytes?: number | undefined;
  /** Open at once. */
  readonly maxConnections?: number | undefined;
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
/**
 * The 64 KiB of an event in binary mode may all be headers. The token and what proxies add have the
 * 16 KiB that Node gives by default.
 */
const HEADERS_LIMIT_BYTES = 80 * 1024;
/**
 * A bridge holds 64 at most. Headers that are being received take 190 MiB in all then: many short
 * ones, measured.
 */
const MAX_CONNECTIONS = 1_024;
/**
 * Longer than undici (4 s) and Knative's proxies keep an idle connection, so that the one who sends
 * closes first.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** Of Alertmanager's webhook. */
const ALERTS_PATH = '/v1/alerts';
/** On every path. */
const ALLOWED_METHODS = ['POST', 'OPTIONS'];

export function createApp(deps: AppDeps): FastifyInstance {
  const { handler, receiveTimeoutMs = 5_000, bodyLimitBytes = BODY_LIMIT_BYTES } = deps;
  const { handleAlerts } = handler;
  const limits: ReceiveLimits = {
    bodyBytes: bodyLimitBytes,
    headerBytes: HEADERS_LIMIT_BYTES,
    timeoutMs: receiveTimeoutMs,
  };
  const app = Fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: receiveTimeoutMs,
    http: {
      maxHeaderSize: HEADERS_LIMIT_BYTES,
      // Node's own 400 has no body.
      requireHostHeader: false,
      // Node takes the smaller of the two for the headers and the larger for the whole request.
      // With its own 60 s for the headers a body would have those. By default it checks only every
      // 30 s.
      headersTimeout: receiveTimeoutMs,
      connectionsCheckingInterval: receiveTimeoutMs / 5,
    },
    // The headers bound a path, which is not a parameter.
    routerOptions: { maxParamLength: HEADERS_LIMIT_BYTES },
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // A caller that still has a connection while we close is served on it once more, and then asked
    // to leave (startFunctions).
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => refuse(toInputError(error, limits), reply, deps),
    clientErrorHandler: (error, socket) => refuseClientError(error, socket, deps, limits),
  });
  // The body as bytes, whatever it says it is: the envelope decides, and its JSON is stricter than
  // Fastify's.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.server.maxConnections = deps.maxConnections ?? MAX_CONNECTIONS;
  // What cannot be expected of us is left out, as RFC 9110, 10.1.1, allows. Node's 417 has no body.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  const admit = createAdmission(deps, bodyLimitBytes);

  app.addHook('onRequest', requireHost);
  registerProbes(app, { metrics: deps.metrics, isReady: () => deps.isReady() });
  serveSchemas(app, handler.readSchemas);
  app.options('*', handshake);
  app.decorateRequest('sender', 'stranger');
  if (handleAlerts !== undefined)
    app.post(ALERTS_PATH, { onRequest: admit }, (request, reply) => receiveWebhook(request, reply, handleAlerts));
  app.post('*', { onRequest: admit }, (request, reply) => receive(request, reply, handler));
  // Every path takes POST, so what is not found is a page or a method.
  app.setNotFoundHandler((request, reply) => refuse(notFoundError(request), reply, deps, allowedMethods(request)));
  app.setErrorHandler((error, _request, reply) => refuse(toInputError(error, limits), reply, deps));
  return app;

  function allowedMethods({ url }: FastifyRequest): readonly string[] {
    const isProbe = app.hasRoute({ method: 'GET', url: url.split('?')[0] ?? url });
    return isProbe ? ['GET', 'HEAD', ...ALLOWED_METHODS] : ALLOWED_METHODS;
  }
}

/**
 * Authenticates the sender, and bounds what all bodies together may take. Runs on the headers,
 * before a byte of the body is read. 1,500 callers without a token held 557 MiB before.
 */
function createAdmission(
  deps: AppDeps,
  bodyLimitBytes: number,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  let receivingBytes = 0;
  return async (request, reply) => {
    refuseTokenInQuery(request.url);
    request.sender = await deps.authenticate(request.headers.authorization);
    const declared = Number(request.headers['content-length'] ?? bodyLimitBytes);
    const bytes = Math.min(Number.isNaN(declared) ? bodyLimitBytes : declared, bodyLimitBytes);
    if (receivingBytes + bytes > BODIES_LIMIT_BYTES)
      throw new ZenLeadError('BUSY', 'body: too many requests are being received at once', { retry: 'later' });
    receivingBytes += bytes;
    reply.raw.once('close', () => {
      receivingBytes -= bytes;
    });
  };
}

function notFoundError({ method, url }: FastifyRequest): ZenLeadError {
  const isPage = method === 'GET' || method === 'HEAD';
  if (isPage && !/^\/(?:\?|$)/.test(url))
    return new ZenLeadError('PATH_UNKNOWN', 'url: there is no page of this path', { retry: 'never', path: 'url' });
  const message = `method: ${method} is not answered here; POST a CloudEvent`;
  return new ZenLeadError('METHOD_NOT_ALLOWED', message, { retry: 'never', path: 'method' });
}

async function requireHost({ raw }: FastifyRequest): Promise<void> {
  const hosts = raw.headersDistinct['host'] ?? [];
  if (hosts.length > 1 || (hosts.length === 0 && raw.httpVersion === '1.1'))
    throw inputError('host', 'must be given once');
}

/** Consent is the two headers and not the status; a caller that does not ask gets none. */
function handshake(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const origin = request.headers['webhook-request-origin'];
  reply.header('allow', ALLOWED_METHODS.join(', '));
  if (typeof origin === 'string' && origin !== '')
    reply.headers({ 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' });
  return reply.code(200).send();
}
