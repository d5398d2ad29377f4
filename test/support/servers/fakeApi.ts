/**
 * Serves a Kubernetes API small enough to read, over real HTTP on 127.0.0.1. It has LIST, GET,
 * POST, merge PATCH and DELETE, with resource versions, uids and their preconditions. `before` sees
 * every request first, and may count it, fail it or change something in between.
 */

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../../apiserver/kubeObject.ts';
import { parseLabelSelector } from '../../../apiserver/labelSelector.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { wireOf } from '../elections/wire.ts';

export interface Stored {
  apiVersion?: string;
  kind?: string;
  metadata: Record<string, unknown> & { name: string; namespace: string; uid: string; resourceVersion: string };
  [field: string]: unknown;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** An answer instead of the real one. Undefined goes on. */
export type Before = (request: ApiRequest) => { status: number; body: object } | undefined | Promise<undefined>;

export interface FakeApi {
  readonly api: KubeApi;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly requests: ApiRequest[];
  /** Raw answers to other paths, `/openid/v1/jwks` for instance. */
  readonly paths: Map<string, object>;
  before: Before;
  put(plural: string, object: object): Stored;
  find(plural: string, name: string): Stored | undefined;
  all(plural: string): Stored[];
  remove(plural: string, name: string): void;
  /** `patch services/db` and so on, reads left out. */
  writes(): string[];
  close(): Promise<void>;
}

export async function startFakeApi(): Promise<FakeApi> {
  const wire = wireOf('db');
  const store = new Map<string, Stored>();
  let revision = 1000;
  const next = (): string => String(++revision);
  const key = (plural: string, name: string): string => `${plural}/${name}`;

  const fake = {
    requests: [] as ApiRequest[],
    paths: new Map<string, object>(),
    before: (() => undefined) as Before,
    put(plural: string, object: object): Stored {
      const given = object as Partial<Stored>;
      const name = String(given.metadata?.name);
      const old = store.get(key(plural, name));
      const uid = given.metadata?.uid ?? old?.metadata.uid ?? randomUUID();
      const created = { creationTimestamp: '2026-11-20T09:00:00Z', namespace: 'shop' };
      const metadata = { ...created, ...given.metadata, name, uid, resourceVersion: next() } as Stored['metadata'];
      const stored: Stored = { ...given, metadata };
      store.set(key(plural, name), stored);
      return stored;
    },
    find: (plural: string, name: string) => store.get(key(plural, name)),
    all: (plural: string) => [...store].filter(([at]) => at.startsWith(`${plural}/`)).map(([, object]) => object),
    remove(plural: string, name: string): void {
      store.delete(key(plural, name));
      next();
    },
    writes: () =>
      fake.requests
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path.replace(/^.*namespaces\/\w+\//, '')}`),
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const seen: ApiRequest = {
      method: request.method ?? '',
      path: wire.toStory(url.pathname),
      query: new URLSearchParams(wire.toStory([...url.searchParams])),
      body: text === '' ? undefined : wire.toStory(JSON.parse(text)),
    };
    fake.requests.push(seen);
    const { status, body } = (await fake.before(seen)) ?? answer(seen);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(wire.toCluster(body)));
  }

  function answer({ method, path, query, body }: ApiRequest): { status: number; body: object } {
    const other = fake.paths.get(path);
    if (other !== undefined) return { status: 200, body: other };
    const [, plural = '', name] = /namespaces\/[^/]+\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (name === undefined) {
      if (method === 'GET') {
        const items = fake.all(plural).filter(toPredicate(query));
        return { status: 200, body: { metadata: { resourceVersion: String(revision) }, items } };
      }
      const object = body as Stored;
      if (store.has(key(plural, object.metadata.name))) return failure(409, 'AlreadyExists');
      return { status: 201, body: fake.put(plural, object) };
    }
    const found = store.get(key(plural, name));
    if (found === undefined) return failure(404, 'NotFound');
    if (method === 'GET') return { status: 200, body: found };
    const given = (
      method === 'DELETE' ? (body as { preconditions: object }).preconditions : (body as Stored).metadata
    ) as Partial<Stored['metadata']>;
    if (given.resourceVersion !== undefined && given.resourceVersion !== found.metadata.resourceVersion)
      return failure(409, 'Conflict');
    if (given.uid !== undefined && given.uid !== found.metadata.uid) return failure(409, 'Conflict');
    if (method === 'PATCH') {
      const patched = merge(found, body) as object;
      // As the real one, it stores no version that differs in nothing.
      return { status: 200, body: isDeepStrictEqual(patched, found) ? found : fake.put(plural, patched) };
    }
    store.delete(key(plural, name));
    next();
    return { status: 200, body: { kind: 'Status', status: 'Success' } };
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const access = {
    server: `http://127.0.0.1:${port}`,
    origin: 'test',
    readCredentials: async () => ({ headers: {}, tls: {} }),
  };
  const api = createKubeApi(access, { metrics: createMetrics() });
  return Object.assign(fake, {
    api,
    url: access.server,
    async close() {
      await api.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Of field selectors only `metadata.name=`. */
function toPredicate(query: URLSearchParams): (object: Stored) => boolean {
  const name = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '')?.[1];
  const selects = parseLabelSelector(query.get('labelSelector') ?? '');
  return (object) => (name === undefined || object.metadata.name === name) && (selects?.(object as KubeObject) ?? true);
}

export function failure(
  code: number,
  reason: string,
  message = reason,
  cause?: string,
): { status: number; body: object } {
  const details = cause === undefined ? {} : { details: { causes: [{ reason: cause }] } };
  return { status: code, body: { kind: 'Status', status: 'Failure', code, reason, message, ...details } };
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
}
