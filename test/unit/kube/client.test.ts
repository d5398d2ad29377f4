import { afterEach, describe, expect, it } from 'vitest';
import { createKubeApi } from '../../../lib/kube/client.ts';
import type { ClusterAccess } from '../../../lib/kube/clusterAccess.ts';
import { type KubeApi, pods, services } from '../../../lib/kube/kubeApi.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import {
  type Answer,
  failure,
  inOrder,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/servers/scriptedServer.ts';

const metrics = createMetrics();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function connectTo(
  choose: Parameters<typeof startScriptedServer>[0],
  options: { access?: Partial<ClusterAccess>; requestTimeoutMs?: number; now?: () => number; metrics?: Metrics } = {},
): Promise<{ server: ScriptedServer; api: KubeApi }> {
  const server = await startScriptedServer(choose);
  const { access, ...rest } = options;
  const api = createKubeApi({ ...server.access, ...access }, { metrics, ...rest });
  closers.push(
    () => api.close(),
    () => server.close(),
  );
  return { server, api };
}

const signal = new AbortController().signal;
const watchQuery = { resourceVersion: '7', timeoutSeconds: 300 };
const line = (name: string) => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`;

function stream(write: (response: Parameters<Answer>[1]) => void): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    write(response);
  };
}

async function collect(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const each of lines) collected.push(each);
  return collected;
}

describe('one request', () => {
  it('one request is given up at its deadline, and counted', async () => {
    const { api } = await connectTo(() => () => {}, { requestTimeoutMs: 30 });
    await expect(api.get(services, 'late', 'db', signal)).rejects.toMatchObject({
      code: 'KUBE_TIMEOUT',
      retry: 'later',
    });
    const counted = await metrics.timeouts.get();
    expect(counted.values).toContainEqual({ labels: { namespace: 'late', operation: 'get' }, value: 1 });
  });

  it('one request is given up at its deadline also when the body stalls', async () => {
    const { api } = await connectTo(() => stream((response) => response.write('{"metadata":')), {
      requestTimeoutMs: 30,
    });
    await expect(api.get(services, 'ns', 'db', signal)).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
  });

  it('ends when its caller goes', async () => {
    const caller = new AbortController();
    const { api } = await connectTo(() => () => caller.abort());
    await expect(api.get(services, 'ns', 'db', caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(api.get(services, 'ns', 'db', caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('one request is not resent when the connection goes while it waits: the server may have done it', async () => {
    const { server, api } = await connectTo(() => (_request, response) => response.destroy());
    await expect(api.mergePatch(services, 'ns', 'db', {}, signal)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    expect(server.requests).toHaveLength(1);
  });

  it('says that no process listens', async () => {
    const { server, api } = await connectTo(() => undefined);
    await server.close();
    closers.pop();
    await expect(api.get(services, 'ns', 'db', signal)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
  });
});

describe('credentials', () => {
  const token = (value: string) => ({ headers: { authorization: `Bearer ${value}` }, tls: {} });
  const wants = (value: string) => (request: { headers: { authorization?: string | undefined } }) =>
    request.headers.authorization === `Bearer ${value}`
      ? json({ ok: true })
      : failure(401, 'Unauthorized', 'Unauthorized');

  it('credentials are read afresh once after a 401, and the request is tried again', async () => {
    const read: boolean[] = [];
    const readCredentials = async (afresh: boolean) => {
      read.push(afresh);
      return token(afresh ? 'new' : 'old');
    };
    const { server, api } = await connectTo(wants('new'), { access: { readCredentials } });
    expect(await api.get(services, 'ns', 'db', signal)).toEqual({ ok: true });
    expect(read).toEqual([false, true]);
    expect(server.requests).toHaveLength(2);
  });

  it('credentials that are still refused are the error, without a third try', async () => {
    let reads = 0;
    const readCredentials = async () => token(`t${reads++}`);
    const { server, api } = await connectTo(wants('other'), { access: { readCredentials } });
    await expect(api.get(services, 'ns', 'db', signal)).rejects.toMatchObject({ code: 'KUBE_UNAUTHORIZED' });
    expect(server.requests).toHaveLength(2);
  });

  it('credentials that cannot be had in time are a timeout: an exec plugin that hangs, for instance', async () => {
    const readCredentials = () => new Promise<never>(() => {});
    const { api } = await connectTo(() => json({}), { access: { readCredentials }, requestTimeoutMs: 30 });
    await expect(api.get(services, 'ns', 'db', signal)).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
    await expect(collect(api.watch(pods, 'ns', watchQuery, signal))).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
  });

  it('credentials are read again after a minute, once for all requests, and kept when the file is missing for a moment', async () => {
    let now = 0;
    let reads = 0;
    const readCredentials = async () => {
      reads += 1;
      if (reads === 2) throw new Error('ENOENT');
      return token('same');
    };
    const { api } = await connectTo(wants('same'), { access: { readCredentials }, now: () => now });
    await api.get(services, 'ns', 'db', signal);
    now = 59_000;
    await api.get(services, 'ns', 'db', signal);
    expect(reads).toBe(1);
    now = 61_000;
    await Promise.all([api.get(services, 'ns', 'db', signal), api.get(services, 'ns', 'db', signal)]);
    expect(reads).toBe(2);
  });
});

describe('watch', () => {
  it('yields each line, whole across chunks that cut a character in two, and ends when the server does', async () => {
    const text = Buffer.from(line('zürich-🦓'));
    const cuts = [0, 40, 41, 42, 43, 44, 45, 46, 47, text.length];
    const { server, api } = await connectTo(() =>
      stream(async (response) => {
        for (let at = 1; at < cuts.length; at += 1) {
          response.write(text.subarray(cuts[at - 1], cuts[at]));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        response.end('\n');
      }),
    );
    expect(await collect(api.watch(pods, 'ns', watchQuery, signal))).toEqual([
      { type: 'ADDED', object: { metadata: { name: 'zürich-🦓' } } },
    ]);
    expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '7',
      timeoutSeconds: '300',
    });
  });

  it('takes a line of 3 MB', async () => {
    const { api } = await connectTo(() => stream((response) => response.end(line('x'.repeat(3_000_000)))));
    expect(await collect(api.watch(pods, 'ns', watchQuery, signal))).toEqual([
      { type: 'ADDED', object: { metadata: { name: 'x'.repeat(3_000_000) } } },
    ]);
  });

  it('says when it is open, before any line', async () => {
    let isOpen = false;
    const { api } = await connectTo(() => stream(() => {}), { requestTimeoutMs: 1_000 });
    const stop = new AbortController();
    const lines = collect(
      api.watch(pods, 'ns', watchQuery, stop.signal, () => {
        isOpen = true;
        // Past the deadline for opening: a quiet body has none.
        setTimeout(() => stop.abort(), 1_100);
      }),
    );
    await expect(lines).rejects.toMatchObject({ code: 'ABORTED' });
    expect(isOpen).toBe(true);
  });

  it.each<[string, string, (response: Parameters<Answer>[1]) => void]>([
    ['a line that is not JSON', 'WATCH_BROKEN', (response) => response.end(`${line('a')}garbage\n`)],
    ['a line that is not UTF-8', 'WATCH_BROKEN', (response) => response.end(Buffer.from([0x22, 0xff, 0x22, 0x0a]))],
    ['a clean end in the middle of a line', 'WATCH_BROKEN', (response) => response.end(line('a').slice(0, 20))],
    [
      'a reset in the middle of a line',
      'WATCH_BROKEN',
      (response) => response.write(line('a').slice(0, 20), () => response.destroy()),
    ],
    [
      'a reset between two lines',
      'KUBE_UNAVAILABLE',
      (response) => response.write(line('a'), () => response.destroy()),
    ],
  ])('throws on %s', async (_what, code, write) => {
    const { api } = await connectTo(() => stream(write));
    await expect(collect(api.watch(pods, 'ns', watchQuery, signal))).rejects.toMatchObject({ code });
  });

  it('throws a status that is not 200, with its Retry-After', async () => {
    const { api } = await connectTo(() => failure(429, 'TooManyRequests', 'slow down', {}, { 'retry-after': '3' }));
    await expect(collect(api.watch(pods, 'ns', watchQuery, signal))).rejects.toMatchObject({
      code: 'KUBE_TOO_MANY_REQUESTS',
      retryAfterMs: 3000,
    });
  });

  it('drops the connection when its reader leaves', async () => {
    let cut: () => void = () => {};
    const isCut = new Promise<void>((resolve) => {
      cut = resolve;
    });
    const { api } = await connectTo(() =>
      stream((response) => {
        response.on('close', cut);
        response.write(line('a') + line('b'));
      }),
    );
    for await (const first of api.watch(pods, 'ns', watchQuery, signal)) {
      expect(first).toMatchObject({ type: 'ADDED' });
      break;
    }
    await isCut;
  });

  it('holds no connection that a write needs', async () => {
    const { api } = await connectTo((request) => (request.query.has('watch') ? stream(() => {}) : json({ ok: true })));
    const stop = new AbortController();
    const watches = Array.from({ length: 40 }, () =>
      collect(api.watch(pods, 'ns', watchQuery, stop.signal)).catch(() => 'ended'),
    );
    expect(await api.get(services, 'ns', 'db', signal)).toEqual({ ok: true });
    stop.abort();
    expect(new Set(await Promise.all(watches))).toEqual(new Set(['ended']));
  });
});

it('keeps its connections from one request to the next', async () => {
  const ports = new Set<unknown>();
  const { api } = await connectTo(() => (_request, response) => {
    ports.add(response.socket?.remotePort);
    response.end('{}');
  });
  for (let count = 0; count < 10; count += 1) await api.get(services, 'ns', 'db', signal);
  // Two, not one: undici frees a connection a tick after it has handed over the body.
  expect(ports.size).toBeLessThanOrEqual(2);
});

it('counts and times calls by operation and result, and names no Service and no namespace', async () => {
  const own = createMetrics();
  const { api } = await connectTo(inOrder(json({}), failure(409, 'Conflict', 'changed'), json({})), {
    metrics: own,
  });
  await api.create(services, 'timed', { metadata: { name: 'db-leader' } }, signal);
  await expect(api.mergePatch(services, 'timed', 'db-leader', {}, signal)).rejects.toThrow();
  await api.get(services, 'timed', 'named-by-a-stranger', signal);
  const text = await own.registry.getSingleMetricAsString('zen_lead_api_call_duration_seconds');
  const counts = text.split('\n').filter((each) => each.includes('_count'));
  expect(counts.map((each) => each.replace(/^.*\{|\}.*$/g, '')).sort()).toEqual([
    'operation="create",result="success"',
    'operation="get",result="success"',
    'operation="patch",result="KUBE_CONFLICT"',
  ]);
});
