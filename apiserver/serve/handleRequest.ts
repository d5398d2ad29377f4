/**
 * Handles every request: route, verb, faults, answer.
 *
 * Guarantees: every answer is HTTP and, below /api and /apis, a Status when it refuses. Nothing
 * that is thrown gets past.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiState } from '../apiState.ts';
import { carryOut, type Faults, type RequestInfo } from '../requestFaults.ts';
import { StatusError } from '../statusError.ts';
import { negotiate, wantsAggregatedDiscovery } from './negotiate.ts';
import { respondError, respondJson, respondText } from './respond.ts';
import { parseRoute, type Route } from './route.ts';
import { serveDiscovery } from './serveDiscovery.ts';
import { serveOpenApi } from './serveOpenApi.ts';
import { type ResourceRequest, serveResource, verbOf } from './serveResource.ts';

interface RequestContext {
  readonly state: ApiState;
  readonly faults: Faults;
  readonly bookmarkIntervalMs: number;
  readonly onRequest: (request: RequestInfo) => void;
}

export async function handleRequest(
  context: RequestContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
    await serveRoute(context, parseRoute(context.state.kinds, path), new URLSearchParams(search), request, response);
  } catch (error) {
    respondError(response, error);
  }
}

async function serveRoute(
  context: RequestContext,
  route: Route,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { kinds } = context.state;
  switch (route.kind) {
    case 'health':
      return respondText(response, 200, 'ok');
    case 'version':
      return respondJson(response, 200, JSON.stringify(version));
    case 'discovery':
      return serveDiscovery(kinds, route.path, wantsAggregatedDiscovery(request), response);
    case 'openapi':
      return serveOpenApi(kinds, route.path, response);
    case 'unknownPath':
      return respondText(response, 404, '404 page not found\n');
    case 'unknownResource':
      negotiate(request, false);
      throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
    case 'resource':
      return serveWithFaults(context, toRequest(route, query, request), request, response);
  }
}

function toRequest(
  route: Extract<Route, { kind: 'resource' }>,
  query: URLSearchParams,
  request: IncomingMessage,
): ResourceRequest {
  const { resource: kind, namespace, name, subresource } = route;
  const isEviction = subresource === 'eviction' && kind.kind === 'Pod' && name !== undefined;
  const isKnown = subresource === '' || (subresource === 'status' && kind.hasStatus) || isEviction;
  if (!isKnown) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
  const verb = verbOf(request.method ?? 'GET', name !== undefined && !isEviction, query, route.isWatchPath);
  // An eviction is only ever created.
  // https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
  if ((kind.isNamespaced && namespace === undefined && verb === 'create') || (isEviction && verb !== 'create')) {
    throw new StatusError(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
      {},
    );
  }
  return {
    verb,
    kind,
    namespace,
    name: name ?? '',
    subresource: subresource === 'status' || subresource === 'eviction' ? subresource : '',
    query,
  };
}

async function serveWithFaults(
  context: RequestContext,
  asked: ResourceRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const info: RequestInfo = {
    verb: asked.verb,
    resource: asked.kind.plural,
    subresource: asked.subresource,
    namespace: asked.namespace,
    name: asked.name,
  };
  context.onRequest(info);
  const faults = context.faults.strike(info);
  for (const fault of faults) {
    if ((await carryOut(fault, request, response)) === 'answered') return;
  }
  if (faults.some((fault) => fault.kind === 'lostAnswer')) {
    // The request is carried out in full; its answer goes to a connection that has ended.
    response.end = () => {
      request.socket.resetAndDestroy();
      return response;
    };
  }
  await serveResource(context.state, asked, context.bookmarkIntervalMs, request, response);
}

/** kubectl compares this with its own version. */
const version = {
  major: '1',
  minor: '35',
  gitVersion: 'v1.35.0+zen-lead',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch}`,
};
