import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../bridge/clock.ts';
import { createDeadLetters, type DeadLetter } from '../../../../bridge/delivery/deadLetter.ts';
import { createEventPoster } from '../../../../bridge/delivery/eventPoster.ts';
import { parseEnvelope } from '../../../../lib/events/envelope.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aReconcileEvent } from '../../../support/objects/anEvent.ts';
import { type ScriptedServer, startScriptedServer } from '../../../support/servers/scriptedServer.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const letter: DeadLetter = {
  event: aReconcileEvent(),
  status: 403,
  detail: '{"code":"WRONG_SENDER"}',
  reason: 'refused',
};

async function aBench(choose: Parameters<typeof startScriptedServer>[0]) {
  const server: ScriptedServer = await startScriptedServer(choose);
  const poster = createEventPoster({ url: server.url, now: Date.now });
  closers.push(
    () => server.close(),
    () => poster.close(),
  );
  const metrics = createMetrics();
  const sinkUrl = 'http://functions.zen-lead.svc/';
  const letters = createDeadLetters({ poster, sinkUrl, clock: systemClock, log: silentLogger, metrics });
  const count = async (reason: string): Promise<number> =>
    (await metrics.deadLetters.get()).values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
  return { server, letters, count };
}

describe('a dead letter', () => {
  it('a dead letter is the event with the reason in the attributes that Knative uses', async () => {
    const { server, letters, count } = await aBench(() => (_request, response) => response.writeHead(202).end());
    letters.send(letter);
    await letters.close();
    const [request] = server.requests;
    expect(parseEnvelope(request?.headers ?? {}, Buffer.from(request?.body ?? '')).type).toBe(letter.event.type);
    expect(JSON.parse(request?.body ?? '{}')).toMatchObject({
      id: letter.event.id,
      knativeerrordest: 'http://functions.zen-lead.svc/',
      knativeerrorcode: 403,
      knativeerrordata: Buffer.from('{"code":"WRONG_SENDER"}').toString('base64'),
    });
    expect(await count('refused')).toBe(1);
  });

  it('carries at most 1,024 bytes of the answer', async () => {
    const { server, letters } = await aBench(() => (_request, response) => response.writeHead(202).end());
    letters.send({ ...letter, detail: 'ä'.repeat(10_000) });
    await letters.close();
    const { knativeerrordata } = JSON.parse(server.requests[0]?.body ?? '{}');
    expect(Buffer.from(knativeerrordata, 'base64')).toHaveLength(1_024);
  });

  it('a dead letter that the sink for dead letters does not take is not sent again', async () => {
    const { server, letters } = await aBench(() => (_request, response) => response.writeHead(500).end());
    letters.send(letter);
    await letters.close();
    expect(server.requests).toHaveLength(1);
  });

  it('a dead letter is dropped and counted while sixteen others wait for a sink that says nothing', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const { server, letters, count } = await aBench(
      () => (_request, response) => void released.then(() => response.writeHead(202).end()),
    );
    for (let n = 0; n < 20; n += 1) letters.send(letter);
    release();
    await letters.close();
    expect(server.requests).toHaveLength(16);
    expect(await count('dropped')).toBe(4);
    expect(await count('refused')).toBe(20);
  });

  it('a dead letter is counted and logged where there is no sink for it', async () => {
    const metrics = createMetrics();
    const letters = createDeadLetters({
      poster: undefined,
      sinkUrl: '',
      clock: systemClock,
      log: silentLogger,
      metrics,
    });
    letters.send({ ...letter, reason: 'exhausted' });
    await letters.close();
    expect((await metrics.deadLetters.get()).values).toMatchObject([{ labels: { reason: 'exhausted' }, value: 1 }]);
  });
});
