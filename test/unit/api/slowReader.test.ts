import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { anApiApp } from '../../support/objects/anApiApp.ts';
import { aPod } from '../../support/objects/builders.ts';

it('a reader of events that reads nothing is cut off at its bound, with a reason, and is told the state when it comes again', async () => {
  const app = anApiApp();
  // A state of some kilobytes, so that a few hundred changes pass the bound.
  for (let index = 2; index < 52; index += 1) app.put(aPod({ name: `postgres-${index}`, ips: [`10.0.1.${index}`] }));
  const url = await app.listen();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write('GET /v1/leader/pool/postgres.shop/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await expect.poll(() => app.pools.subscribers(), { message: 'it is subscribed' }).toBe(1);
  let epoch = 8;
  // The kernel takes some megabytes of what is sent.
  for (; app.pools.subscribers() > 0 && epoch < 50_000; epoch += 1) {
    app.lead('postgres-1', '10.0.0.2', epoch);
    await nextTurn();
  }
  expect(app.pools.subscribers()).toBe(0);
  expect(await app.metrics.registry.metrics()).toContain('zen_lead_api_refused_requests_total{code="SLOW_READER"} 1');
  const { body } = await app.get('/v1/leader/pool/postgres.shop');
  expect(JSON.parse(body)).toMatchObject({ epoch: epoch - 1 });
});

it('a reader hears within seconds that the watch cannot be relied on, and of the state when it can again', async () => {
  const app = anApiApp();
  const url = await app.listen();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(`${url}/v1/leader/pool/postgres.shop/events`, { signal: stop.signal });
  let text = '';
  void (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  const events = () => [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
  await expect.poll(events).toEqual(['leader']);
  app.setFresh(false);
  await expect.poll(events).toEqual(['leader', 'stale']);
  app.setFresh(true);
  await expect.poll(events).toEqual(['leader', 'stale', 'leader']);
});

it('makes no reader of a HEAD request', async () => {
  const app = anApiApp();
  for (const url of ['/v1/leader/pool/postgres.shop/events', '/v1/namespaces/shop/locks/reports/watch', '/v1/events'])
    expect((await app.app.inject({ method: 'HEAD', url })).statusCode, url).toBe(404);
  expect(app.pools.subscribers()).toBe(0);
});
