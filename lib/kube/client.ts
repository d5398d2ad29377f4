/**
 * Implements `KubeApi` over HTTP.
 *
 * Guarantees: every request has a deadline and the caller's signal. Every body is read to its end,
 * or its connection is dropped. A 401 and a certificate that does not verify are tried once more
 * with credentials read afresh. Nothing else is ever resent.
 * Does not guarantee a bound on requests in flight (connection.ts).
 */

import type { Metrics } from '../telemetry/metrics.ts';
import type { ClusterAccess } from './clusterAccess.ts';
import { openConnection } from './connection.ts';
import { withDeadline } from './deadline.ts';
import { type Exchange, type HttpRequest, type HttpResponse, parseBody, readBody, sendRequest } from './exchange.ts';
import { type KubeApi, pods, type Resource } from './kubeApi.ts';
import { toKubeError } from './kubeError.ts';
import { createLargeBodies } from './largeBodies.ts';
import { parseListPage } from './parseListPage.ts';
import { toAccept, toListQuery, toPath, toWatchQuery } from './requestPath.ts';
import { type CallTarget, timeCall } from './timeCall.ts';
import { openWatch } from './watchBody.ts';

interface KubeApiOptions {
  readonly metrics: Pick<Metrics, 'apiCallSeconds' | 'timeouts'>;
  readonly userAgent?: string;
  /**
   * Milliseconds, 10 s by default. A write that takes longer belongs to a decision past its 3 s
   * deadline.
   */
  readonly requestTimeoutMs?: number;
  /**
   * Milliseconds for a page of a LIST, 60 s by default. The API server itself gives up after that
   * (--request-timeout).
   */
  readonly listTimeoutMs?: number;
  readonly now?: () => number;
}

export function createKubeApi(access: ClusterAccess, options: KubeApiOptions): KubeApi {
  const {
    metrics,
    userAgent = 'zen-lead',
    requestTimeoutMs = 10_000,
    listTimeoutMs = 60_000,
    now = Date.now,
  } = options;
  const connection = openConnection(access, now);
  const exchange: Exchange = { connection, userAgent, now };
  const readLarge = createLargeBodies();

  /** One call with a JSON answer; anything but 2xx is an error. */
  const call = (
    request: HttpRequest,
    target: CallTarget,
    deadlineMs: number,
    signal: AbortSignal,
    receive: (response: HttpResponse, stop: AbortSignal) => Promise<unknown> = readBody,
  ): Promise<unknown> =>
    timeCall(metrics, target, () =>
      withDeadline(request.attempt, signal, deadlineMs, async (stop) => {
        const response = await sendRequest(exchange, request, stop);
        const body = await receive(response, stop);
        if (response.statusCode >= 200 && response.statusCode < 300) return body;
        throw toKubeError(request.attempt, response.statusCode, body, response.retryAfter, now());
      }),
    );

  return {
    async list(resource, namespace, query, signal) {
      const attempt = `list ${resource.plural} in ${namespace ?? 'all namespaces'}`;
      const path = toPath(resource, namespace) + toListQuery(query);
      const request = { attempt, method: 'GET', path, accept: toAccept('list', query.metadataOnly) } as const;
      const target = { operation: 'list', namespace: namespace ?? '' } as const;
      let length = 0;
      const parse = (text: string): unknown => {
        length = text.length;
        return parseBody(text);
      };
      const body = await call(request, target, listTimeoutMs, signal, (response, stop) =>
        readLarge(response.body, parse, stop),
      );
      return { ...parseListPage(body, attempt), length };
    },
    watch(resource, namespace, query, signal, onOpen) {
      const attempt = `watch ${resource.plural} in ${namespace ?? 'all namespaces'}`;
      const path = toPath(resource, namespace) + toWatchQuery(query);
      const request = { attempt, method: 'GET', path, accept: toAccept('watch', query.metadataOnly) } as const;
      return openWatch(exchange, request, requestTimeoutMs, signal, onOpen);
    },
    get(resource, namespace, name, signal) {
      const request = toRequest('get', 'GET', resource, namespace, name);
      return call(request, { operation: 'get', namespace: namespace ?? '' }, requestTimeoutMs, signal);
    },
    create(resource, namespace, object, signal) {
      const name = nameOf(object);
      const attempt = `create ${resource.plural}${namespace === undefined ? '' : ` ${namespace}/${name}`}`;
      const path = toPath(resource, namespace) + (resource.query === undefined ? '' : `?${resource.query}`);
      const request = { attempt, method: 'POST', path, body: object, contentType: 'application/json' } as const;
      return call(request, { operation: 'create', namespace: namespace ?? '' }, requestTimeoutMs, signal);
    },
    mergePatch(resource, namespace, name, patch, signal) {
      const request = {
        ...toRequest('patch', 'PATCH', resource, namespace, name),
        body: patch,
        contentType: 'application/merge-patch+json',
      };
      return call(request, { operation: 'patch', namespace: namespace ?? '' }, requestTimeoutMs, signal);
    },
    async delete(resource, namespace, name, preconditions, signal) {
      const request = {
        ...toRequest('delete', 'DELETE', resource, namespace, name),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions },
        contentType: 'application/json',
      };
      await call(request, { operation: 'delete', namespace }, requestTimeoutMs, signal);
    },
    async evict(namespace, name, uid, signal) {
      const target = toRequest('evict', 'POST', pods, namespace, name);
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { namespace, name },
        deleteOptions: { preconditions: { uid } },
      };
      const request = { ...target, path: `${target.path}/eviction`, body, contentType: 'application/json' };
      await call(request, { operation: 'create', namespace }, requestTimeoutMs, signal);
    },
    getPath(path, signal) {
      // `/openid/v1/jwks` is application/jwk-set+json, and 406 to a client that asks for
      // application/json alone (tried on 1.35.4).
      const request = { attempt: `get ${path}`, method: 'GET', path, accept: 'application/json, */*' } as const;
      return call(request, { operation: 'get', namespace: '' }, requestTimeoutMs, signal);
    },
    close: () => connection.close(),
  };
}

function toRequest(
  verb: string,
  method: HttpRequest['method'],
  resource: Resource,
  namespace: string | undefined,
  name: string,
): HttpRequest {
  return {
    attempt: `${verb} ${resource.plural} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    method,
    path: toPath(resource, namespace, name),
  };
}

function nameOf(object: object): string {
  const { metadata } = object as { metadata?: { name?: unknown } };
  return typeof metadata?.name === 'string' ? metadata.name : '';
}
