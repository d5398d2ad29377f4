/**
 * The HTTP application: `POST` takes an event, answers with what was decided; `OPTIONS` is the
 * CloudEvents webhook handshake; probes. Both on every path: a SinkBinding and a proxy may add one.
 * It answers any other method with 405 and the ones that there are.
 *
 *   request -> sender (401, 403) -> envelope (400, 413, 415) -> dispatch -> reply (200), nothing to
 *   say (204), or "again" (429, 503 with Retry-After)
 *
 * A verdict from outside is an event, too, and Alertmanager has a path of its own for many.
 *
 * It does not listen by itself.
 *
 * Guarantees: work stops when its caller has gone (watchCaller.ts). Every answer but 200 and 204
 * has the body of docs/reference/events.md#answers (refuse.ts).
 * Source: CloudEvents HTTP protocol binding 1.0.2 (a reply is an event in the response); HTTP
 * webhook 1.0.2 section 4 (handshake); RFC 9112 section 3.2 (a request names its host).
 */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { inputError, ZenLeadError } from '../lib/errors.ts';
import { batchContentType, isBatch, parseBatch } from '../lib/events/batch.ts';
import { parseEnvelope } from '../lib/events/envelope.ts';
import { type IncomingEvent, parseEvent } from '../lib/events/parseEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { type HttpMessage, toStructured } from '../lib/events/toStructured.ts';
import type { VerdictEvent } from '../lib/events/verdictEvent.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { type Readiness, registerProbes } from '../lib/telemetry/probes.ts';
import { answerBatch } from './answerBatch.ts';
import { type Authenticate, refuseTokenInQuery, type Sender, wrongSender } from './authenticate.ts';
import { dispatch } from './dispatch.ts';
import type { Reconciler } from './reconcile/reconciler.ts';
import { answerClientError, type ReceiveLimits, refuse, toInputError } from './refuse.ts';
import { serveSchemas } from './serveSchemas.ts';
import { parseAlerts } from './verdicts/parseAlerts.ts';
import { receiveAlerts } from './verdicts/receiveAlerts.ts';
import type { VerdictIntake } from './verdicts/verdictIntake.ts';
import { watchCaller } from './watchCaller.ts';

export interface AppDeps {
  readonly reconciler: Reconciler;
  readonly authenticate: Authenticate;
  /** Absent: verdicts from outside are refused. */
  readonly verdicts?: VerdictIntake | undefined;
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
 * Past it a reply leaves out the state that was read, which only a recording needs. 10,000 pods
 * have 3 MB, and a tenant can write slices that have more.
 */
const REPLY_LIMIT_BYTES = 4 * 1024 * 1024;
/**
 * A bridge holds 64 at most. Headers that are being received take 190 MiB in all then: many short
 * ones, measured.
 */
const MAX_CONNECTIONS = 1_024;
/** For a reconcile, as long as our bridge ever waits for an answer. A Broker waits longer. */
const RECONCILE_TIMEOUT_MS = 30_000;
/**
 * Longer than undici (4 s) and Knative's proxies keep an idle connection, so that the one who sends
 * closes first.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** On every path. */
/** Of Alertmanager's webhook. */
const ALERTS_PATH = '/v1/alerts';
const ALLOWED_METHODS = ['POST', 'OPTIONS'];

export function createApp(deps: AppDeps): FastifyInstance {
  const { receiveTimeoutMs = 5_000, bodyLimitBytes = BODY_LIMIT_BYTES } = deps;
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
    clientErrorHandler: (error, socket) => answerClientError(error, socket, deps, limits),
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
  serveSchemas(app);
  app.options('*', handshake);
  app.decorateRequest('sender', 'stranger');
  app.post(ALERTS_PATH, { onRequest: admit }, (request, reply) => receiveAll(request, reply, deps));
  app.post('*', { onRequest: admit }, (request, reply) => receive(request, reply, deps));
  // Every path takes POST, so what is not found is a page or a method.
  app.setNotFoundHandler((request, reply) => refuse(notFoundError(request), reply, deps, allowedMethods(request)));
  app.setErrorHandler((error, _request, reply) => refuse(toInputError(error, limits), reply, deps));
  return app;

  function allowedMethods({ url }: FastifyRequest): readonly string[] {
    const isProbe = app.hasRoute({ method: 'GET', url: url.split('?')[0] ?? url });
    return isProbe ? ['GET', 'HEAD', ...ALLOWED_METHODS] : ALLOWED_METHODS;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    sender: Sender;
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

/** Takes the alerts of one webhook. */
async function receiveAll(request: FastifyRequest, reply: FastifyReply, deps: AppDeps): Promise<FastifyReply> {
  const signal = watchCaller(reply.raw, RECONCILE_TIMEOUT_MS);
  const intake = takeIntake(deps);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return reply.send(await receiveAlerts(parseAlerts(body), request.headers.authorization, intake, signal));
}

function takeIntake({ verdicts }: AppDeps): VerdictIntake {
  if (verdicts !== undefined) return verdicts;
  const message = 'verdicts from outside are not accepted here; --accept-verdicts turns them on';
  throw new ZenLeadError('REPORT_REFUSED', message, { retry: 'never' });
}

async function receive(request: FastifyRequest, reply: FastifyReply, deps: AppDeps): Promise<FastifyReply> {
  const signal = watchCaller(reply.raw, RECONCILE_TIMEOUT_MS);
  const takeVerdict = ({ id, subject: service, report }: VerdictEvent): Promise<ReplyEvent> =>
    takeIntake(deps).report(request.headers.authorization, { id, service, report }, signal);
  const dispatchFrom = (event: Exclude<IncomingEvent, VerdictEvent>): Promise<readonly ReplyEvent[]> => {
    if (request.sender === 'reporter') throw wrongSender('a reporter of verdicts');
    return dispatch(event, request.sender === 'trusted', deps.reconciler, signal);
  };
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  // headersDistinct, not headers: Node joins what is given twice into one value.
  const headers = request.raw.headersDistinct;
  const handle = async (event: IncomingEvent): Promise<readonly ReplyEvent[]> =>
    event.kind === 'verdict' ? [await takeVerdict(event)] : await dispatchFrom(event);
  if (isBatch(headers)) {
    const answer = await answerBatch(parseBatch(headers, body, parseEvent), handle, (each) =>
      toMessage(each, request.sender),
    );
    return answer === null ? reply.code(204).send() : reply.code(200).type(batchContentType).send(answer);
  }
  const replies = await handle(parseEvent(parseEnvelope(headers, body)));
  const [only, ...others] = replies;
  // A response holds one event. A foreign event may concern several Services, and its sender
  // expects no reply.
  if (only === undefined || others.length > 0) return reply.code(204).send();
  const message = toMessage(only, request.sender);
  return reply
    .code(200)
    .headers({ ...message.headers })
    .send(message.body);
}

function toMessage(reply: ReplyEvent, sender: Sender): HttpMessage {
  if (sender !== 'trusted') return toStructured(withoutSnapshot(reply));
  const message = toStructured(reply);
  return Buffer.byteLength(message.body) > REPLY_LIMIT_BYTES ? toStructured(withoutSnapshot(reply)) : message;
}

/** Not every caller that can reach the port may learn pods, addresses and nodes. */
function withoutSnapshot(reply: ReplyEvent): ReplyEvent {
  const { snapshot: _, ...data } = reply.data;
  return { ...reply, data };
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
