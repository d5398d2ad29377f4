/**
 * Runs an API server that makes a crowd up as it is asked for: it answers LIST page by page and
 * keeps watches open. It keeps no object, so a cluster of any size starts at once.
 *
 * Guarantees: counts every request. Respects back-pressure: a change is written when the client has
 * read those before it.
 * Does not guarantee anything else of the API. A write is counted and refused.
 *
 * usage: node bench/crowdApi.ts PODS SERVICES
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CrowdSize, makePod, makeService, makeSlice } from './crowd.ts';

const [pods = 0, services = 1] = process.argv.slice(2).map(Number);
const size: CrowdSize = { pods, services };
/** A real server sends one about every minute (KEP-956). */
const BOOKMARK_MS = 20_000;
/** Lines that are written together, as a busy server does. */
const LINES_A_WRITE = 16;

let revision = 1_000;
const watches = new Map<ServerResponse, string>();
const requests = new Map<string, number>();

interface Collection {
  readonly name: string;
  readonly count: number;
  make(i: number, resourceVersion: number): object;
}

function collectionOf(url: URL): Collection | null {
  const selector = url.searchParams.get('labelSelector') ?? '';
  if (url.pathname.endsWith('/pods'))
    return { name: 'pods', count: pods, make: (i, version) => makePod(i, size, version) };
  if (url.pathname.endsWith('/services'))
    return { name: 'services', count: services * 2, make: (i, version) => makeService(i, size, version) };
  if (!url.pathname.endsWith('/endpointslices')) return null;
  const isOurs = !selector.includes('!=');
  const name = isOurs ? 'endpointslices' : 'endpointslices-foreign';
  return { name, count: services, make: (i, version) => makeSlice(i, size, version, isOurs) };
}

function list({ count, make }: Collection, url: URL, response: ServerResponse): void {
  // Without a limit a LIST is whole, as client-node's informer asks for it.
  const limit = Number(url.searchParams.get('limit') ?? count);
  const from = Number(url.searchParams.get('continue') ?? 0);
  const to = Math.min(count, from + limit);
  const items: object[] = [];
  for (let i = from; i < to; i += 1) items.push(make(i, i + 1));
  const rest = to < count ? { continue: String(to), remainingItemCount: count - to } : {};
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(revision), ...rest }, items }),
  );
}

function watch({ name }: Collection, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  watches.set(response, name);
  bookmark(response);
  response.once('close', () => watches.delete(response));
}

function bookmark(response: ServerResponse): void {
  response.write(
    `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(revision) } } })}\n`,
  );
}

setInterval(() => {
  for (const response of watches.keys()) bookmark(response);
}, BOOKMARK_MS);

/** The lines are made beforehand, so that this program takes little of the machine meanwhile. */
async function touch(count: number): Promise<void> {
  const lines: string[] = [];
  for (let i = 0; i < count; i += 1) {
    revision += 1;
    // A step that has no divisor in common with the number of pods meets all of them.
    const pod = makePod((i * 7_919) % pods, size, revision, revision);
    lines.push(`${JSON.stringify({ type: 'MODIFIED', object: pod })}\n`);
  }
  await send(lines);
}

/** The leader of the first Service stops being Ready. */
function fail(): Promise<void> {
  revision += 1;
  return send([`${JSON.stringify({ type: 'MODIFIED', object: makePod(0, size, revision, revision, false) })}\n`]);
}

async function send(lines: readonly string[]): Promise<void> {
  const watching = [...watches].filter(([, name]) => name === 'pods').map(([response]) => response);
  await Promise.all(
    watching.map(async (response) => {
      for (let i = 0; i < lines.length; i += LINES_A_WRITE)
        if (!response.write(lines.slice(i, i + LINES_A_WRITE).join('')))
          await new Promise((done) => response.once('drain', done));
    }),
  );
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/bench/touch') await touch(Number(url.searchParams.get('count')));
  else if (url.pathname === '/bench/fail') await fail();
  if (url.pathname.startsWith('/bench/')) {
    response.end(JSON.stringify(Object.fromEntries(requests)));
    return;
  }
  const collection = collectionOf(url);
  const isWatch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  const what = `${isWatch ? 'WATCH' : request.method} ${collection?.name ?? url.pathname}`;
  requests.set(what, (requests.get(what) ?? 0) + 1);
  if (collection === null || request.method !== 'GET') {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' }),
    );
  } else if (isWatch) watch(collection, response);
  else list(collection, url, response);
}

const server = createServer((request, response) => void answer(request, response));
server.requestTimeout = 0;
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}`);
});
