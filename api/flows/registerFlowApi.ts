/**
 * Serves the flows that a bridge watches, read-only: `/v1/flows`, one of them with its steps, the
 * stream of changes, and the live page.
 *
 * Guarantees: as the status API of leaders (../registerStatusApi.ts, ../feedStream.ts).
 * Does not guarantee secrecy. A client that reaches the port sees names of flows and steps, as it
 * does in /metrics.
 */

import type { FastifyInstance } from 'fastify';
import { noHead } from '../eventStream.ts';
import { createListReader, createReaders, streamFeed } from '../feedStream.ts';
import { neverStore, requireOwnHost } from '../ownHostOnly.ts';
import type { SourceName } from '../sourceFeed.ts';
import type { FlowFeed, FlowFeedChange } from './flowFeed.ts';
import { toFlowGraph, type WatchedFlow } from './flowStatus.ts';
import { flowPagePolicy, renderFlowPage } from './renderFlowPage.ts';

export interface FlowApi {
  readonly feed: FlowFeed;
  readonly viewOf: (source: SourceName) => WatchedFlow | null;
}

/** `hosts`: names to answer for, beside IP addresses and localhost. */
export function registerFlowApi(app: FastifyInstance, { feed, viewOf }: FlowApi, hosts: readonly string[] = []): void {
  const onRequest = requireOwnHost(hosts);
  const readList = createListReader(feed, 'flows');
  const readers = createReaders();
  neverStore(app);
  app.get('/', { onRequest }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', flowPagePolicy).send(renderFlowPage()),
  );
  app.get('/v1/flows', { onRequest }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await readList()),
  );
  app.get<{ Params: SourceName }>('/v1/flows/:namespace/:name', { onRequest }, (request, reply) => {
    const { namespace, name } = request.params;
    const found = viewOf({ namespace, name });
    if (found !== null) return reply.send(toFlowGraph(found));
    return reply
      .code(404)
      .send({ code: 'NOT_FOUND', message: `${namespace}/${name} is not a flow that this process watches` });
  });
  app.get('/v1/events', { ...noHead, onRequest }, (_request, reply) => {
    if (!readers.admit(reply)) return reply;
    reply.hijack();
    streamFeed<FlowFeedChange>(reply, feed, { whole: 'flow', toEvent }, readers.leave);
    return reply;
  });
}

function toEvent(change: FlowFeedChange): readonly [string, object] {
  if (change.kind === 'flow') return ['flow', change.status];
  return ['removed', { namespace: change.namespace, name: change.name }];
}
