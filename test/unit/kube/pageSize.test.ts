import { afterEach, expect, it } from 'vitest';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { pods } from '../../../lib/kube/kubeApi.ts';
import { listAll } from '../../../lib/kube/listAll.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { json, type ScriptedServer, startScriptedServer } from '../../support/servers/scriptedServer.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** `count` objects, the n-th with so many characters in it. */
async function aServer(count: number, sizeOf: (n: number) => number): Promise<ScriptedServer> {
  const server = await startScriptedServer(({ query }) => {
    const from = Number(query.get('continue') ?? 0);
    const until = Math.min(count, from + Number(query.get('limit')));
    const items = Array.from({ length: until - from }, (_, n) => ({ n: from + n, fat: 'x'.repeat(sizeOf(from + n)) }));
    const next = until < count ? { continue: String(until) } : {};
    return json({ metadata: { resourceVersion: '5', ...next }, items });
  });
  closers.push(() => server.close());
  return server;
}

/** What each page asked for, after all objects came once and in order. */
async function pageSizes(server: ScriptedServer): Promise<readonly number[]> {
  const api = createKubeApi(server.access, { metrics: createMetrics() });
  closers.push(() => api.close());
  const read: unknown[] = [];
  const begin = () => (object: unknown) => void read.push((object as { n: number }).n);
  await listAll(api, { resource: pods, namespace: undefined }, { begin }, new AbortController().signal);
  expect(read).toEqual(read.map((_, n) => n));
  return server.requests.map(({ query }) => Number(query.get('limit')));
}

it('asks a server of thin objects for 500 a page after the first', async () => {
  expect(await pageSizes(await aServer(1_200, () => 2_000))).toEqual([50, 500, 500, 500]);
});

it('asks a server of fat objects for pages of some 4 MiB', async () => {
  const [first, ...rest] = await pageSizes(await aServer(110, () => 200 * 1024));
  expect(first).toBe(50);
  expect(rest).toEqual([20, 20, 20]);
});

it('asks for 10 at least, because a page for each object would cost the API server more than it saves', async () => {
  expect(await pageSizes(await aServer(75, () => 600 * 1024))).toEqual([50, 10, 10, 10]);
});

it('asks for less where objects grow fatter on the way, and for more where they grow thinner', async () => {
  const sizes = await pageSizes(await aServer(200, (n) => (n < 50 ? 80_000 : n < 100 ? 400_000 : 100)));
  expect(sizes).toEqual([50, 52, expect.any(Number), expect.any(Number)]);
  expect(sizes[2]).toBeLessThan(15);
  expect(sizes.at(-1)).toBe(500);
});
