/**
 * Tests that every server of zen-lead refuses a request whose end two readers could see in
 * different places. A proxy that sees another end would take what follows for the request of
 * another client.
 *
 * Source: RFC 9112, sections 6.1, 6.3 and 11.2.
 */

import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiApp } from '../../../api/createApiApp.ts';
import { createPoolFeed } from '../../../api/leaders/poolFeed.ts';
import type { LockBook } from '../../../api/locks/lockBook.ts';
import { createStatusFeed } from '../../../api/statusFeed.ts';
import { systemClock } from '../../../bridge/clock.ts';
import { startProbes } from '../../../cli/serve/startProbes.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { startServer } from '../../support/servers/functionsServer.ts';

const isReady = () => ({ ready: true, reasons: [] });
const portOf = (url: string): number => Number(new URL(url).port);

const servers: Readonly<Record<string, () => Promise<number>>> = {
  async functions() {
    const { functions, close } = await startServer();
    onTestFinished(close);
    return functions.port;
  },
  async 'status port'() {
    const feed = createStatusFeed();
    const { url, close } = await startProbes({ host: '127.0.0.1', port: 0, metrics: createMetrics(), isReady, feed });
    onTestFinished(close);
    return portOf(url);
  },
  async 'api role'() {
    const app = createApiApp({
      ...{ pools: createPoolFeed(), status: createStatusFeed(), book: {} as LockBook, podsAt: () => [], hosts: [] },
      ...{ reviewer: null, clock: systemClock, maxSkewMs: 1_000, metrics: createMetrics(), log: silentLogger, isReady },
    });
    onTestFinished(() => app.close());
    return portOf(await app.listen({ host: '127.0.0.1', port: 0 }));
  },
};

const SMUGGLED = 'GET /livez HTTP/1.1\r\nhost: smuggled\r\n\r\n';
/** Its length in hexadecimal begins a chunk that would hold it. */
const inChunk = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
const afterEnd = `0\r\n\r\n${SMUGGLED}`;

/** Header lines, and a body that one reader of them takes to the end and another one does not. */
const forms: readonly [name: string, headers: string, body: string][] = [
  ['a length beside chunks (CL.TE)', `content-length: ${afterEnd.length}\r\ntransfer-encoding: chunked`, afterEnd],
  ['chunks beside a length (TE.CL)', 'transfer-encoding: chunked\r\ncontent-length: 4', inChunk],
  ['a length beside an unknown coding', `content-length: 0\r\ntransfer-encoding: xchunked`, SMUGGLED],
  ['chunks that are not the last coding', 'transfer-encoding: chunked, identity', inChunk],
  ['chunks twice', 'transfer-encoding: chunked, chunked', afterEnd],
  ['two codings, one of them unknown', 'transfer-encoding: chunked\r\ntransfer-encoding: x', afterEnd],
  ['a coding of an unknown name', 'transfer-encoding: xchunked', SMUGGLED],
  ['a coding in quotes', 'transfer-encoding: "chunked"', afterEnd],
  ['a coding with a control character', 'transfer-encoding: \u000bchunked', afterEnd],
  ['a space before the colon', `content-length: 0\r\ntransfer-encoding : chunked`, afterEnd],
  ['a header line that is folded', `x: y\r\n transfer-encoding: chunked\r\ncontent-length: 0 \r\n z`, SMUGGLED],
  ['a coding behind a bare line feed', `x: y\ntransfer-encoding: chunked\r\ncontent-length: 0`, afterEnd],
  ['a coding behind a bare carriage return', `x: y\rtransfer-encoding: chunked`, SMUGGLED],
  ['two lengths', `content-length: 0\r\ncontent-length: ${SMUGGLED.length}`, SMUGGLED],
  ['the same length twice', 'content-length: 0\r\ncontent-length: 0', SMUGGLED],
  ['a list of lengths', 'content-length: 0, 0', SMUGGLED],
  ['a length with a sign', 'content-length: +0', SMUGGLED],
  ['a length below zero', 'content-length: -1', SMUGGLED],
  ['a length in hexadecimal', 'content-length: 0x0', SMUGGLED],
  ['a length past 64 bits', 'content-length: 18446744073709551616', SMUGGLED],
  ['a chunk size with a sign', 'transfer-encoding: chunked', `+0\r\n\r\n${SMUGGLED}`],
  ['a chunk size with a prefix', 'transfer-encoding: chunked', `0x0\r\n\r\n${SMUGGLED}`],
  ['a chunk size past 64 bits', 'transfer-encoding: chunked', `10000000000000000\r\n\r\n${SMUGGLED}`],
  ['a chunk that is longer than its size', 'transfer-encoding: chunked', `1\r\nxx\r\n${afterEnd}`],
  ['a chunk size behind a bare line feed', 'transfer-encoding: chunked', `0\n\n${SMUGGLED}`],
];

/** All that the server answers until it closes. */
async function send(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.from(bytes, 'latin1'));
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

describe.each(Object.keys(servers))('the server of the %s', (name) => {
  it.each(forms)('refuses a request with %s, and answers nothing of what follows it', async (_form, headers, body) => {
    const port = (await servers[name]?.()) ?? 0;
    const answer = await send(port, `POST / HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n${body}`);
    expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual([expect.stringMatching(/^HTTP\/1\.1 40[04]$/)]);
  });

  it('answers two requests after one another on one connection', async () => {
    const port = (await servers[name]?.()) ?? 0;
    const last = SMUGGLED.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n');
    expect((await send(port, SMUGGLED + last)).match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  });
});
