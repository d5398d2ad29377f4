/**
 * The cloudevents package as a stranger on both ends: it sends to our functions, and reads what we
 * send.
 */

import { CloudEvent, HTTP } from 'cloudevents';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../bridge/clock.ts';
import { createDeadLetters } from '../../../bridge/delivery/deadLetter.ts';
import { createEventPoster } from '../../../bridge/delivery/eventPoster.ts';
import { createEventsSink } from '../../../functions/announce/eventsSink.ts';
import { buildCloudEvent } from '../../../lib/events/buildCloudEvent.ts';
import { toLeaderEvent } from '../../../lib/events/toReply.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { putPod, putService, routedPod } from '../../support/objects/aNamespace.ts';
import { aReconcileEvent, uid } from '../../support/objects/anEvent.ts';
import { startServer } from '../../support/servers/functionsServer.ts';
import { startScriptedServer } from '../../support/servers/scriptedServer.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const soon = (): AbortSignal => AbortSignal.timeout(5_000);
const announcement = toLeaderEvent(
  {
    source: '/clusters/test',
    subject: { namespace: 'shop', name: 'db' },
    sourceUid: uid('source-uid'),
    decidedAt: Date.parse('2026-11-20T10:00:00.123Z'),
  },
  { decision: 'elected', reason: 'FirstLeader', previous: null, leader: null, epoch: 7, basis: 'event' },
);

/** A server of the package's own reader; `read` gives what it received. */
async function aReader() {
  const server = await startScriptedServer(() => (_request, response) => response.writeHead(202).end());
  closers.push(() => server.close());
  const read = (): CloudEvent<unknown> => {
    const [{ headers, body } = { headers: {}, body: '' }] = server.requests;
    const event = HTTP.toEvent({ headers, body });
    if (Array.isArray(event)) throw new Error('one event expected');
    return event as CloudEvent<unknown>;
  };
  return { url: server.url, read };
}

/** As JSON: the package adds members that are undefined. */
const plain = (event: object): unknown => JSON.parse(JSON.stringify(event));

describe('the cloudevents package', () => {
  it.each(['structured', 'binary'] as const)('sends to a function in %s mode, and reads the reply', async (mode) => {
    const server = await startServer();
    closers.push(() => server.close());
    putService(server.fake);
    putPod(server.fake, 'db-0');
    const event = new CloudEvent({
      ...aReconcileEvent(),
      id: 'from the package',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const message = HTTP[mode](event);
    const response = await server.post(message.headers as Record<string, string>, String(message.body));
    const reply = HTTP.toEvent({ headers: Object.fromEntries(response.headers), body: await response.text() });
    expect(response.status).toBe(200);
    expect(plain(reply)).toMatchObject({
      type: 'io.zen-lead.leader.elected',
      subject: 'namespaces/shop/services/db',
      data: { leader: { name: 'db-0' } },
    });
    expect((reply as CloudEvent).validate()).toBe(true);
    for (let i = 0; i < 3; i++) await server.post(message.headers as Record<string, string>, String(message.body));
    expect(routedPod(server.fake)).toBe('db-0');
  });

  it('reads the events that the bridge sends', async () => {
    const { url, read } = await aReader();
    const poster = createEventPoster({ url, now: Date.now });
    closers.push(() => poster.close());
    await poster.post(aReconcileEvent(), soon());
    expect(plain(read())).toEqual(plain(aReconcileEvent()));
    expect(read().validate()).toBe(true);
  });

  it('reads announcements, with id and data as they were decided', async () => {
    const { url, read } = await aReader();
    await createEventsSink(url)(announcement, soon());
    expect(plain(read())).toEqual(plain(announcement));
    expect(read().validate()).toBe(true);
  });

  it('reads dead letters, with the attributes of the error', async () => {
    const { url, read } = await aReader();
    const poster = createEventPoster({ url, now: Date.now });
    closers.push(() => poster.close());
    const metrics = createMetrics();
    const letters = createDeadLetters({ poster, sinkUrl: 'http://x/', clock: systemClock, log: silentLogger, metrics });
    letters.send({ event: aReconcileEvent(), status: 0, detail: '', reason: 'exhausted' });
    await letters.close();
    const error = { knativeerrordest: 'http://x/', knativeerrorcode: 0, knativeerrordata: '' };
    expect(plain(read())).toEqual({ ...(plain(aReconcileEvent()) as object), ...error });
    expect(read().validate()).toBe(true);
  });
});

describe('an event that is built', () => {
  it('keeps every attribute, and leaves out what is undefined', async () => {
    const built = await buildCloudEvent({ ...announcement, traceparent: undefined, tenant: 'blue' });
    expect(plain(built)).toEqual({ ...(plain(announcement) as object), tenant: 'blue' });
  });

  it.each<[string, object]>([
    ['a source that is not a URI reference', { source: '%%' }],
    ['an empty subject', { subject: '' }],
    ['an attribute with capitals', { Tenant: 'blue' }],
    ['an attribute that is not an integer', { knativeerrorcode: 1.5 }],
  ])('an event that is built is refused with %s, before anything is sent', async (_title, changes) => {
    const { url, read } = await aReader();
    const refused = createEventsSink(url)({ ...announcement, ...changes }, soon());
    await expect(refused).rejects.toMatchObject({ code: 'INPUT_INVALID', retry: 'never' });
    expect(read).toThrow();
  });
});
