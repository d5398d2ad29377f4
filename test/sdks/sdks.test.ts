/**
 * The SDKs of CloudEvents as strangers: what they send, a function reads, and what zen-lead sends,
 * they read.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../bridge/clock.ts';
import { createDeadLetters } from '../../bridge/delivery/deadLetter.ts';
import { createEventPoster } from '../../bridge/delivery/eventPoster.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { putPod, putService, routedPod } from '../support/objects/aNamespace.ts';
import { aReconcileEvent } from '../support/objects/anEvent.ts';
import { failure } from '../support/servers/fakeApi.ts';
import { startServer, type TestServer } from '../support/servers/functionsServer.ts';
import { prepareSdks } from './prepareSdks.ts';
import { type Mode, type RunningSdk, startSdk } from './startSdk.ts';

const prepared = await prepareSdks();
for (const each of prepared) if (typeof each === 'string') console.log(each);
const sdks = prepared.filter((each) => typeof each !== 'string');
const modes: readonly Mode[] = ['structured', 'binary', 'bytes'];

describe.each(sdks)('the $language SDK', (program) => {
  let sdk: RunningSdk;
  let server: TestServer;
  beforeAll(async () => {
    sdk = await startSdk(program);
  });
  afterAll(() => sdk.stop());
  beforeEach(async () => {
    server = await startServer({ eventsSink: sdk.url });
    putService(server.fake);
    putPod(server.fake, 'db-0');
  });
  afterEach(() => server.close());

  it.each(modes)('sends an event in mode %s, and reads the reply', async (mode) => {
    const { status, event } = await sdk.send(server.functions.url, mode, aReconcileEvent());
    expect([status, server.arrived()]).toEqual([200, 1]);
    expect(event).toMatchObject({
      specversion: '1.0',
      id: expect.stringMatching(/\/io\.zen-lead\.leader\.elected\/FirstLeader\/[0-9a-f]{40}$/),
      type: 'io.zen-lead.leader.elected',
      source: '/clusters/test',
      subject: 'namespaces/shop/services/db',
      data: { leader: { name: 'db-0' }, basis: 'read' },
    });
    expect(routedPod(server.fake)).toBe('db-0');
  });

  it.each(modes)('takes an answer without a body in mode %s', async (mode) => {
    const reply = { ...aReconcileEvent(), type: 'io.zen-lead.leader.kept' };
    const answer = await sdk.send(server.functions.url, mode, reply);
    expect([answer, server.arrived()]).toMatchObject([{ status: 204 }, 1]);
  });

  it.each<[number, string, object]>([
    [400, '', { subject: 'db' }],
    [400, '', { type: 'com.example.other' }],
    [401, '?access_token=x', {}],
  ])('does not send again what is answered %i (%s, %j)', async (expected, query, changes) => {
    const event = { ...aReconcileEvent(), ...changes };
    const { status } = await sdk.send(`${server.functions.url}/${query}`, 'binary', event);
    expect([status, server.arrived()]).toEqual([expected, 1]);
  });

  it('sees a refusal of the API server as a 503, which may be sent again', async () => {
    let refusals = 0;
    server.fake.before = ({ method }) => (method !== 'GET' && refusals++ === 0 ? failure(403, 'Forbidden') : undefined);
    const { status } = await sdk.send(server.functions.url, 'structured', aReconcileEvent());
    if (program.retries) expect([status, server.arrived()]).toEqual([200, 2]);
    else expect([status, server.arrived()]).toEqual([503, 1]);
  });

  it('reads the leader event of an election', async () => {
    const from = sdk.received.length;
    const resync = aReconcileEvent({ type: 'io.zen-lead.service.resync' });
    await expect
      .poll(
        async () => {
          await sdk.send(server.functions.url, 'structured', resync);
          return sdk.received.slice(from);
        },
        { message: 'the leader events received', timeout: 30_000 },
      )
      .toMatchObject([
        {
          specversion: '1.0',
          id: expect.stringMatching(/\/io\.zen-lead\.leader\.elected\/FirstLeader$/),
          type: 'io.zen-lead.leader.elected',
          source: '/clusters/test',
          subject: 'namespaces/shop/services/db',
          data: { decision: 'elected', leader: { name: 'db-0' }, previous: null },
        },
      ]);
  });

  it('reads a dead letter, with the attributes of the error', async () => {
    const from = sdk.received.length;
    const poster = createEventPoster({ url: sdk.url, extensions: { team: 'data é' }, now: Date.now });
    const deps = { poster, sinkUrl: 'http://f/a', clock: systemClock, log: silentLogger, metrics: createMetrics() };
    const letters = createDeadLetters(deps);
    letters.send({ event: aReconcileEvent(), status: 400, detail: 'why', reason: 'refused' });
    await letters.close();
    await poster.close();
    const { time, expirytime, ...rest } = JSON.parse(JSON.stringify(aReconcileEvent()));
    await expect
      .poll(() => sdk.received.slice(from), { message: 'the dead letters received' })
      .toMatchObject([
        {
          ...rest,
          team: 'data é',
          knativeerrordest: 'http://f/a',
          knativeerrorcode: 400,
          knativeerrordata: Buffer.from('why').toString('base64'),
        },
      ]);
    const [letter] = sdk.received.slice(from) as { time: string; expirytime: string }[];
    // An SDK may write an instant in its own way.
    expect([letter?.time, letter?.expirytime].map((at) => Date.parse(at ?? ''))).toEqual(
      [time, expirytime].map((at) => Date.parse(at)),
    );
  });
});
