/**
 * receive, receiveAll: answer one request of a sender that was authenticated: an event, a batch of
 * events, or the alerts of Alertmanager's webhook.
 *
 * Guarantees: work stops when the caller has gone. Only a trusted sender gets the state that was
 * read. A reporter of verdicts can do nothing else.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { ZenLeadError } from '../lib/errors.ts';
import { batchContentType, isBatch, parseBatch } from '../lib/events/batch.ts';
import { parseEnvelope } from '../lib/events/envelope.ts';
import { type IncomingEvent, parseEvent } from '../lib/events/parseEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { type HttpMessage, toStructured } from '../lib/events/toStructured.ts';
import type { VerdictEvent } from '../lib/events/verdictEvent.ts';
import { answerBatch } from './answerBatch.ts';
import { type Sender, wrongSender } from './authenticate.ts';
import { dispatch } from './dispatch.ts';
import type { Reconciler } from './reconcile/reconciler.ts';
import { parseAlerts } from './verdicts/parseAlerts.ts';
import { receiveAlerts } from './verdicts/receiveAlerts.ts';
import type { VerdictIntake } from './verdicts/verdictIntake.ts';
import { watchCaller } from './watchCaller.ts';

export interface ReceiveDeps {
  readonly reconciler: Reconciler;
  /** Absent: verdicts from outside are refused. */
  readonly verdicts?: VerdictIntake | undefined;
}

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

export async function receive(request: FastifyRequest, reply: FastifyReply, deps: ReceiveDeps): Promise<FastifyReply> {
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

/** Answers one webhook of Alertmanager, which may hold many alerts. */
export async function receiveAll(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: ReceiveDeps,
): Promise<FastifyReply> {
  const signal = watchCaller(reply.raw, RECONCILE_TIMEOUT_MS);
  const intake = takeIntake(deps);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return reply.send(await receiveAlerts(parseAlerts(body), request.headers.authorization, intake, signal));
}

function takeIntake({ verdicts }: ReceiveDeps): VerdictIntake {
  if (verdicts !== undefined) return verdicts;
  const message = 'verdicts from outside are not accepted here; --accept-verdicts turns them on';
  throw new ZenLeadError('REPORT_REFUSED', message, { retry: 'never' });
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
