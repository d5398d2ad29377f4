/**
 * Receives leader events of one Service and promotes the new leader of its PostgreSQL instances. A
 * function for Knative, without state: every promise stands on the instances.
 *
 * It answers 2xx once the leader is promoted, or the event needs nothing. After any other answer
 * zen-lead sends the event again.
 */

import { createServer, type IncomingMessage } from 'node:http';
import type { Fenced } from '../instance/instance.ts';
import { parseMembers } from './members.ts';
import { type Orders, promoteLeader, Superseded } from './promoteLeader.ts';

const subject = read('SERVICE'); // namespaces/NAMESPACE/services/NAME
const token = read('TOKEN');
const members = parseMembers(read('MEMBERS')).map(toOrders);

/** A fence takes milliseconds, or the start of a server. */
const fenceTimeoutMs = 5_000;
/** A leader may have to copy the whole database first. Then the event comes again meanwhile. */
const leadTimeoutMs = 60_000;

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    response.writeHead(request.url === '/readyz' ? 200 : 404).end();
    return;
  }
  try {
    response.writeHead(await onEvent(request)).end();
  } catch (error) {
    console.error(String(error));
    response.writeHead(error instanceof Superseded ? 204 : 503).end();
  }
});
server.listen(Number(process.env['PORT'] ?? 8080));
// A promotion that has begun is finished first.
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

async function onEvent(request: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString());
  const isBinary = request.headers['ce-type'] !== undefined;
  const event = isBinary
    ? { type: request.headers['ce-type'], subject: request.headers['ce-subject'], data: body }
    : body;
  if (event.type !== 'io.zen-lead.leader.elected' || event.subject !== subject) return 204;
  const { epoch, leader } = event.data;
  const startedAt = Date.now();
  await promoteLeader(members, epoch, leader.name);
  console.log(`${leader.name} is promoted under epoch ${epoch} after ${Date.now() - startedAt} ms`);
  return 200;
}

function toOrders({ name, orders }: { readonly name: string; readonly orders: string }): Orders {
  const send = async (path: string, order: object, timeoutMs: number): Promise<unknown> => {
    const response = await fetch(`${orders}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    if (response.status === 409) throw new Superseded(`${name}: ${text}`);
    if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  return {
    name,
    fence: async (epoch, leader) => (await send('fence', { epoch, leader }, fenceTimeoutMs)) as Fenced,
    lead: async (epoch, leader, from, position) => {
      await send('lead', { epoch, leader, from, position }, leadTimeoutMs);
    },
    follow: async (epoch, leader) => {
      await send('follow', { epoch, leader }, fenceTimeoutMs);
    },
  };
}

function read(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === '') throw new Error(`${variable} is not set`);
  return value;
}
