/**
 * Is process 1 of each pod: runs PostgreSQL, takes orders on port 8008, and asks the other
 * instances once a second which leader they obey.
 *
 * `GET /health` is for zen-lead and the kubelet. Orders need the token.
 */

import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { parseMembers } from '../promote/members.ts';
import { Instance, StaleEpoch, type State } from './instance.ts';

const name = read('POD_NAME');
const token = read('TOKEN');
const members = parseMembers(read('MEMBERS'));
const own = members.find((member) => member.name === name);
if (own === undefined) throw new Error(`MEMBERS does not name ${name}`);
const instance = new Instance({
  name,
  directory: read('DATA'),
  port: own.postgresPort,
  members: members.map(({ name, host, postgresPort }) => ({ name, host, port: postgresPort })),
  password: read('PGPASSWORD'),
});

/** Less than what zen-lead waits for an answer (postgresql.yaml). */
const probeTimeoutMs = 200;
const peerTimeoutMs = 500;

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/health') {
      response.writeHead((await instance.isHealthy(probeTimeoutMs)) ? 200 : 503).end();
      return;
    }
    if (!hasToken(request)) {
      response.writeHead(401).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify((await answer(request)) ?? {}));
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${String(error)}`);
    response.writeHead(error instanceof StaleEpoch ? 409 : 500).end(JSON.stringify({ message: String(error) }));
  }
});

async function answer(request: IncomingMessage): Promise<unknown> {
  if (request.method === 'GET') return instance.state;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const order = JSON.parse(Buffer.concat(chunks).toString());
  const { epoch, leader } = order;
  if (!Number.isSafeInteger(epoch) || typeof leader !== 'string') throw new Error('an order names epoch and leader');
  if (request.url === '/fence') return instance.fence(epoch, leader);
  if (request.url === '/lead') return instance.lead(epoch, order.from, order.position);
  if (request.url === '/follow') return instance.follow(epoch, leader);
  throw new Error(`no such order: ${request.url}`);
}

function hasToken(request: IncomingMessage): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Obeys the newest leader that another instance obeys, as if the function had ordered it. */
async function askOthers(): Promise<void> {
  const others = members.filter((member) => member.name !== name);
  const states = (await Promise.all(others.map(readState))).filter((state) => state !== null);
  const newest = states.reduce<State | null>((best, state) => (state.epoch > (best?.epoch ?? 0) ? state : best), null);
  const { epoch, promised, isEmpty } = instance.state;
  // An instance that lost its data has lost its promises too, so it asks all the others for theirs.
  const isSure = !isEmpty || states.length === others.length;
  const highest = Math.max(promised, ...states.map((state) => (isEmpty ? state.promised : 0)));
  if (newest !== null && newest.leader !== null && newest.epoch > epoch && newest.epoch >= highest && isSure)
    await instance.follow(newest.epoch, newest.leader);
  const obeyed = instance.state;
  const isLeaderUp = states.some(
    (each) => each.name === obeyed.leader && each.isLeading && each.epoch === obeyed.epoch,
  );
  await instance.check(isLeaderUp);
}

async function readState({ orders }: { readonly orders: string }): Promise<State | null> {
  try {
    const signal = AbortSignal.timeout(peerTimeoutMs);
    const response = await fetch(`${orders}/state`, { headers: { authorization: `Bearer ${token}` }, signal });
    return response.ok ? ((await response.json()) as State) : null;
  } catch {
    return null; // it is asked again in a second
  }
}

function read(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === '') throw new Error(`${variable} is not set`);
  return value;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    clearInterval(asking);
    void instance.stop(8_000).then(() => process.exit(0));
  });

server.listen(Number(new URL(own.orders).port));
let isAsking = true;
const asking = setInterval(async () => {
  if (isAsking) return;
  isAsking = true;
  await askOthers().catch((error: Error) => {
    console.error(error.message);
    // The kubelet starts the container again.
    if (error.message === 'postgres has ended') process.exit(1);
  });
  isAsking = false;
}, 1_000);
await instance.resume();
isAsking = false;
