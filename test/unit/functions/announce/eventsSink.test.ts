import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { createEventsSink } from '../../../../functions/announce/eventsSink.ts';
import type { ReplyEvent } from '../../../../lib/events/reply.ts';
import { interceptHttp } from '../../../support/servers/interceptHttp.ts';

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

async function aTlsBroker(tls: { cert: string; key: string }) {
  let received = 0;
  const server = createServer(tls, (request, response) => {
    received += 1;
    request.resume();
    response.writeHead(202).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { count: () => received, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const soon = () => AbortSignal.timeout(2_000);
const fixture = (name: string) => readFile(new URL(`../../../fixtures/certificates/${name}`, import.meta.url), 'utf8');

const isSent = (body: unknown) => isDeepStrictEqual(body, { ...event, tenant: 'blue' });

describe('EVENTS_SINK', () => {
  describe('over HTTP', () => {
    interceptHttp();

    it.each([
      ['with the extensions of K_CE_OVERRIDES', { tenant: 'blue' }],
      [
        'whatever K_CE_OVERRIDES says about its id, type or subject',
        { id: 'x', type: 'x', subject: 'x', source: 'x', time: 'x', data: 'x', tenant: 'blue' },
      ],
    ])('EVENTS_SINK over HTTP is sent the same event at its path and query, %s', async (_, extensions) => {
      const scope = nock('http://broker.example', { reqheaders: { 'content-type': /^application\/cloudevents\+json/ } })
        .post('/shop/default?x=1', isSent)
        .reply(202);
      await createEventsSink('http://broker.example/shop/default?x=1', { extensions })(event, soon());
      expect(scope.isDone()).toBe(true);
    });

    it.each([307, 400, 429, 500])('EVENTS_SINK over HTTP that answers %i has not taken the event', async (status) => {
      nock('http://broker.example').post('/').reply(status, '', { location: 'http://broker.example/other' });
      const other = nock('http://broker.example').post('/other').reply(202);
      await expect(createEventsSink('http://broker.example/')(event, soon())).rejects.toMatchObject({
        code: 'SINK_UNAVAILABLE',
        retry: 'later',
        message: `EVENTS_SINK broker.example: answered ${status}`,
      });
      expect(other.isDone()).toBe(false);
    });
  });

  it('EVENTS_SINK is trusted over TLS by the certificates of K_CA_CERTS, and by nothing else that the system does not know', async () => {
    const cert = await fixture('before.crt');
    const broker = await aTlsBroker({ cert, key: await fixture('before.key') });
    const url = `https://${broker.host}/`;
    await createEventsSink(url, { caCerts: cert })(event, soon());
    expect(broker.count()).toBe(1);
    await expect(createEventsSink(url)(event, soon())).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    await expect(createEventsSink(url, { caCerts: await fixture('after.crt') })(event, soon())).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
    });
    expect(broker.count()).toBe(1);
  });
});
