import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createEventsSink } from '../../../../functions/announce/eventsSink.ts';
import type { ReplyEvent } from '../../../../lib/events/reply.ts';

const event: ReplyEvent = {
  specversion: '1.0',
  id: 'uid/7/elected/FirstLeader',
  type: 'io.zen-lead.leader.elected',
  source: '/clusters/test',
  subject: 'namespaces/shop/services/db',
  time: '2026-11-20T10:00:00.000Z',
  datacontenttype: 'application/json',
  data: { decision: 'elected', reason: 'FirstLeader', previous: null, leader: null, epoch: 7, basis: 'event' },
};

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Keeps what it was sent; `/path?query` and the parsed body. */
async function aBroker(tls?: { cert: string; key: string }) {
  const received: { url: string | undefined; event: unknown }[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ url: request.url, event: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(202).end();
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { received, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const soon = () => AbortSignal.timeout(2_000);
const fixture = (name: string) => readFile(new URL(`../../../fixtures/certificates/${name}`, import.meta.url), 'utf8');

describe('EVENTS_SINK', () => {
  it('is sent the event at its path and query, with the extensions of K_CE_OVERRIDES', async () => {
    const broker = await aBroker();
    const send = createEventsSink(`http://${broker.host}/shop/default?x=1`, { extensions: { tenant: 'blue' } });
    await send(event, soon());
    expect(broker.received).toEqual([{ url: '/shop/default?x=1', event: { ...event, tenant: 'blue' } }]);
  });

  it('is sent the same event whatever K_CE_OVERRIDES says about its id, type or subject', async () => {
    const broker = await aBroker();
    const extensions = { id: 'x', type: 'x', subject: 'x', source: 'x', time: 'x', data: 'x', tenant: 'blue' };
    await createEventsSink(`http://${broker.host}/`, { extensions })(event, soon());
    expect(broker.received).toEqual([{ url: '/', event: { ...event, tenant: 'blue' } }]);
  });

  it('is trusted over TLS by the certificates of K_CA_CERTS, and by nothing else that the system does not know', async () => {
    const cert = await fixture('before.crt');
    const broker = await aBroker({ cert, key: await fixture('before.key') });
    const url = `https://${broker.host}/`;
    await createEventsSink(url, { caCerts: cert })(event, soon());
    expect(broker.received).toHaveLength(1);
    await expect(createEventsSink(url)(event, soon())).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    await expect(createEventsSink(url, { caCerts: await fixture('after.crt') })(event, soon())).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
    });
    expect(broker.received).toHaveLength(1);
  });
});
