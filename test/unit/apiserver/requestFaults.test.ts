import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestInfo } from '../../../apiserver/requestFaults.ts';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';

const isPatch = ({ verb, resource }: RequestInfo) => verb === 'patch' && resource === 'configmaps';
const all = () => true;

describe('injected faults', () => {
  let server: EmbeddedApiServer;
  let path: string;
  const requests: RequestInfo[] = [];
  beforeEach(async () => {
    requests.length = 0;
    server = await startApiServer({ onRequest: (request) => requests.push(request) });
    server.objects.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    path = `${server.url}/api/v1/namespaces/default/configmaps/a`;
  });
  afterEach(() => server.close());

  const patch = (value: string, signal = AbortSignal.timeout(5000)) =>
    fetch(path, {
      method: 'PATCH',
      signal,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ data: { value } }),
    });
  const stored = () => server.objects.read({ resource: 'configmaps', namespace: 'default', name: 'a' });

  it('answers 429 with Retry-After, as often as told, and leaves other requests alone', async () => {
    const fault = server.faults.add({
      fault: { kind: 'status', code: 429, retryAfterSeconds: 2 },
      matches: isPatch,
      times: 2,
    });
    expect((await fetch(path)).status).toBe(200);
    const refused = await patch('1');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({ kind: 'Status', reason: 'TooManyRequests' });
    expect((await patch('2')).status).toBe(429);
    expect((await patch('3')).status).toBe(200);
    expect(fault.count()).toBe(2);
    expect(stored()).toMatchObject({ data: { value: '3' } });
  });

  it.each([
    [409, 'Conflict'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
  ])('answers %d as %s', async (code, reason) => {
    server.faults.add({ fault: { kind: 'status', code }, matches: all });
    expect(await (await patch('1')).json()).toMatchObject({ code, reason });
  });

  it('resets the connection before anything is done', async () => {
    server.faults.add({ fault: { kind: 'reset' }, matches: isPatch, times: 1 });
    await expect(patch('lost')).rejects.toThrow();
    expect(stored()).not.toHaveProperty('data');
  });

  it('loses the answer of what was done', async () => {
    server.faults.add({ fault: { kind: 'lostAnswer' }, matches: isPatch, times: 1 });
    await expect(patch('done')).rejects.toThrow();
    expect(stored()).toMatchObject({ data: { value: 'done' } });
  });

  it('answers nothing at all while stalled', async () => {
    server.faults.add({ fault: { kind: 'stall' }, matches: isPatch, times: 1 });
    await expect(patch('never', AbortSignal.timeout(100))).rejects.toThrow(/timeout/i);
    expect(stored()).not.toHaveProperty('data');
  });

  it('delays, and then does what was asked', async () => {
    server.faults.add({ fault: { kind: 'latency', latencyMs: 60 }, matches: isPatch, times: 1 });
    const startedAt = performance.now();
    expect((await patch('late')).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
  });

  it('the server is well again when a fault is removed, or all are', async () => {
    const one = server.faults.add({ fault: { kind: 'status', code: 500 }, matches: all });
    expect((await patch('1')).status).toBe(500);
    one.remove();
    expect(one.count()).toBe(1);
    expect((await patch('1')).status).toBe(200);
    server.faults.add({ fault: { kind: 'status', code: 500 }, matches: all });
    server.faults.clear();
    expect((await patch('2')).status).toBe(200);
  });

  it('reports every request, before faults', async () => {
    server.faults.add({ fault: { kind: 'status', code: 500 }, matches: all, times: 1 });
    await patch('1');
    expect(requests).toEqual([
      { verb: 'patch', resource: 'configmaps', subresource: '', namespace: 'default', name: 'a' },
    ]);
  });

  describe('of running watches', () => {
    const watch = async () => {
      const answer = await fetch(`${server.url}/api/v1/configmaps?watch=1&resourceVersion=${server.revision()}`);
      return answer.body?.pipeThrough(new TextDecoderStream()) ?? new ReadableStream<string>();
    };
    const textOf = async (stream: ReadableStream<string>) => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      return text;
    };

    it('ends them as a timeout does', async () => {
      const stream = await watch();
      server.cutWatches('end');
      expect(await textOf(stream)).toBe('');
    });

    it('resets them', async () => {
      const stream = await watch();
      server.cutWatches('reset');
      await expect(textOf(stream)).rejects.toThrow();
    });

    it('cuts them in the middle of a line', async () => {
      const stream = await watch();
      server.cutWatches('midLine');
      const reader = stream.getReader();
      expect(await reader.read()).toEqual({ done: false, value: '{"type":"MODIFIED","obj' });
      await expect(reader.read()).rejects.toThrow();
    });

    it('lets them stay open and say nothing', async () => {
      const stream = await watch();
      server.cutWatches('silence');
      await patch('unseen');
      const next = await watch();
      await patch('seen');
      const nothing = new Promise((resolve) => setTimeout(resolve, 50, 'nothing'));
      expect(await Promise.race([stream.getReader().read(), nothing])).toBe('nothing');
      expect(await next.getReader().read()).toMatchObject({ value: expect.stringContaining('"value":"seen"') });
    });
  });

  it('sends bookmarks with the newest revision while nothing happens', async () => {
    await server.close();
    server = await startApiServer({ bookmarkIntervalMs: 20 });
    const path = `/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=${server.revision()}`;
    const answer = await fetch(`${server.url}${path}`);
    const chunk = await answer.body?.pipeThrough(new TextDecoderStream()).getReader().read();
    expect(JSON.parse(chunk?.value ?? '')).toEqual({
      type: 'BOOKMARK',
      object: { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: String(server.revision()) } },
    });
  });
});
