import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { leaderStatusSchema } from '../../../api/leaderStatus.ts';
import { openApi } from '../../../api/openApi.ts';
import { aWorld } from '../../support/programs/aStatusWorld.ts';

/** Strict: what the API answers with stands in its description. */
const listSchema = z.strictObject({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  leaders: z.array(leaderStatusSchema.strict()),
});

interface Sent {
  readonly event: string;
  readonly data: unknown;
}

/** Server-sent events as they come. */
async function follow(url: string): Promise<{ next(): Promise<Sent>; readonly status: number }> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(`${url}/v1/events`, { signal: stop.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let unread = '';
  return {
    status: response.status,
    async next() {
      for (;;) {
        const match = /event: (.*)\ndata: (.*)\n\n/.exec(unread);
        if (match !== null) {
          unread = unread.slice(match.index + match[0].length);
          return { event: match[1] ?? '', data: JSON.parse(match[2] ?? '') };
        }
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) throw new Error('the stream has ended');
        unread += value;
      }
    },
  };
}

describe('the status API', () => {
  it('the status API lists every annotated Service, sorted, and reads one', async () => {
    const world = await aWorld();
    for (const service of ['orders', 'billing']) world.annotate(service);
    world.route('orders', 'postgres-1');
    const list = listSchema.parse(await (await fetch(`${world.url}/v1/leaders`)).json());
    expect(list).toMatchObject({
      ready: true,
      leaders: [
        { service: 'billing', leader: null },
        { service: 'orders', leader: { name: 'postgres-1', address: '10.0.0.1' }, lastReason: 'LeaderNotReady' },
      ],
    });
    const one = await fetch(`${world.url}/v1/leaders/shop/orders`);
    expect(one.headers.get('cache-control')).toBe('no-store');
    expect(await one.json()).toEqual(list.leaders[1]);
  });

  it('the status API answers 404 for a Service that is not annotated, whatever its name', async () => {
    const { url } = await aWorld();
    for (const path of ['shop/none', 'none/none', 'shop/%2e%2e', '__proto__/constructor'])
      expect((await fetch(`${url}/v1/leaders/${path}`)).status).toBe(404);
  });

  it('the status API streams the whole state first, then each change, then what is no longer annotated', async () => {
    const world = await aWorld();
    world.annotate('orders');
    const { next } = await follow(world.url);
    expect(await next()).toEqual({ event: 'state', data: { ready: true, reasons: [] } });
    expect(await next()).toMatchObject({ event: 'leader', data: { service: 'orders', leader: null } });
    world.route('orders', 'postgres-0');
    expect(await next()).toMatchObject({ event: 'leader', data: { leader: { name: 'postgres-0' } } });
    world.remove('orders');
    expect(await next()).toEqual({ event: 'removed', data: { namespace: 'shop', service: 'orders' } });
  });

  it('the status API sends no reader away before there are 64, and takes one more when one has gone', async () => {
    const { url } = await aWorld();
    const stops = Array.from({ length: 64 }, () => new AbortController());
    onTestFinished(() => {
      for (const stop of stops) stop.abort();
    });
    const connect = (signal: AbortSignal) => fetch(`${url}/v1/events`, { signal }).then(({ status }) => status);
    expect(new Set(await Promise.all(stops.map(({ signal }) => connect(signal))))).toEqual(new Set([200]));
    expect((await follow(url)).status).toBe(503);
    stops[0]?.abort();
    await expect.poll(async () => (await follow(url)).status).toBe(200);
  });

  it('the status API describes itself', async () => {
    const { url } = await aWorld();
    expect(await (await fetch(`${url}/v1/openapi.json`)).json()).toEqual(JSON.parse(JSON.stringify(openApi)));
  });
});

describe('the live page', () => {
  it('the live page may run its own script and nothing else', async () => {
    const { url } = await aWorld();
    const { headers } = await fetch(url);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  });
});
