/**
 * receive, receiveWebhook: answer one request of a sender that was authenticated: an event, a batch
 * of events, or the alerts of Alertmanager's webhook.
 *
 * Guarantees: work stops when the caller has gone. Only a trusted sender gets the state that was
 * read.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { batchContentType, isBatch, parseBatch } from '../lib/events/batch.ts';
import { parseEnvelope } from '../lib/events/envelope.ts';
import { type HttpMessage, toStructured } from '../lib/events/toStructured.ts';
import { answerBatch } from './answerBatch.ts';
import type { Sender } from './authenticate.ts';
import type { EventHandler, HandledReply, RequestContext } from './eventHandler.ts';
import { watchCaller } from './watchCaller.ts';

declare module 'fastify' {
  interface FastifyRequest {
    sender: Sender;
  }
}

/**
 * Past it a reply leaves out the state that was read, which only a recording needs. 10,000 pods
 * have 3 MB, and a tenant can write slices that have more.
 */
const REPLY_LIMIT_BYTES = 4 * 1024 * 1024;
/** For a reconcile, as long as our bridge ever waits for an answer. A Broker waits longer. */
const RECONCILE_TIMEOUT_MS = 30_000;

export async function receive(
  request: FastifyRequest,
  reply: FastifyReply,
  handler: EventHandler,
): Promise<FastifyReply> {
  const context = contextOf(request, reply);
  const body = bodyOf(request);
  // headersDistinct, not headers: Node joins what is given twice into one value.
  const headers = request.raw.headersDistinct;
  const handle = (event: unknown) => handler.handle(event, context);
  if (isBatch(headers)) {
    const answer = await answerBatch(parseBatch(headers, body, handler.parse), handle, (each) =>
      toMessage(each, request.sender),
    );
    return answer === null ? reply.code(204).send() : reply.code(200).type(batchContentType).send(answer);
  }
  const replies = await handle(handler.parse(parseEnvelope(headers, body)));
  const [only, ...others] = replies;
  // A response holds one event. A foreign event may concern several sources, and its sender
  // expects no reply.
  if (only === undefined || others.length > 0) return reply.code(204).send();
  const message = toMessage(only, request.sender);
  return reply
    .code(200)
    .headers({ ...message.headers })
    .send(message.body);
}

/** Answers one webhook of Alertmanager, which may hold many alerts. */
export async function receiveWebhook(
  request: FastifyRequest,
  reply: FastifyReply,
  handleAlerts: NonNullable<EventHandler['handleAlerts']>,
): Promise<FastifyReply> {
  return reply.send(await handleAlerts(bodyOf(request), contextOf(request, reply)));
}

function contextOf({ sender, headers }: FastifyRequest, reply: FastifyReply): RequestContext {
  const { authorization } = headers;
  return { sender, authorization, signal: watchCaller(reply.raw, RECONCILE_TIMEOUT_MS) };
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function toMessage(reply: HandledReply, sender: Sender): HttpMessage {
  if (sender !== 'trusted') return toStructured(withoutSnapshot(reply));
  const message = toStructured(reply);
  return Buffer.byteLength(message.body) > REPLY_LIMIT_BYTES ? toStructured(withoutSnapshot(reply)) : message;
}

/** Not every caller that can reach the port may learn what stands in the cluster. */
function withoutSnapshot(reply: HandledReply): HandledReply {
  const { snapshot: _, ...data } = reply.data;
  return { ...reply, data };
}
