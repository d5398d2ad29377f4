import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createLockClient,
  type HeldLock,
  LockError,
  type LockOptions,
} from '../../../clients/typescript/lockClient.ts';

const lock: LockOptions = { namespace: 'shop', name: 'reports', holder: 'web-0', ttlSeconds: 5 };

interface Sent {
  readonly verb: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string | null;
}

type Reply = { status: number; body?: object } | Error;

/** An api that answers each request as `reply` says. */
function anApi(reply: (sent: Sent, count: number) => Reply) {
  const sent: Sent[] = [];
  const send: typeof fetch = async (input, init) => {
    const verb = String(input).split('/').at(-1) ?? '';
    const authorization = new Headers(init?.headers).get('authorization');
    const one = { verb, body: JSON.parse(String(init?.body)), authorization };
    sent.push(one);
    const answer = reply(one, sent.filter((each) => each.verb === verb).length);
    if (answer instanceof Error) throw answer;
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), { status: answer.status });
  };
  const client = createLockClient({ url: 'http://api/', fetch: send, readToken: () => 'secret\n' });
  return { client, sent };
}

const granted = (validForMs = 5_000): Reply => ({ status: 200, body: { token: 7, grantId: 'g', validForMs } });
const refused = (status: number, code: string): Reply => ({ status, body: { code, message: code } });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets time go on until the promise has settled. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const end = (): void => {
    isSettled = true;
  };
  promise.then(end, end);
  while (!isSettled) await vi.advanceTimersByTimeAsync(100);
  return promise;
}

describe('withLock', () => {
  it('runs the work with the token, gives the lock back, and returns what the work returned', async () => {
    const { client, sent } = anApi(({ verb }) => (verb === 'acquire' ? granted() : { status: 204 }));
    expect(await client.withLock(lock, async ({ token, signal }) => [token, signal.aborted])).toEqual([7, false]);
    expect(sent.map(({ verb }) => verb)).toEqual(['acquire', 'release']);
    expect(sent[0]).toMatchObject({
      authorization: 'Bearer secret',
      body: { holder: 'web-0', ttlSeconds: 5, waitSeconds: 0 },
    });
    expect(sent[1]?.body).toEqual({ grantId: 'g', token: 7 });
  });

  it('gives the lock back when the work fails', async () => {
    const { client, sent } = anApi(({ verb }) => (verb === 'acquire' ? granted() : { status: 204 }));
    const work = () => Promise.reject(new Error('broken'));
    await expect(client.withLock(lock, work)).rejects.toThrow('broken');
    expect(sent.map(({ verb }) => verb)).toEqual(['acquire', 'release']);
  });

  it('asks again with the same id when an answer is lost, or the api is away', async () => {
    const { client, sent } = anApi(({ verb }, count) => {
      if (verb !== 'acquire') return { status: 204 };
      if (count === 1) return new TypeError('fetch failed');
      return count === 2 ? refused(503, 'UNAVAILABLE') : granted();
    });
    await settled(client.withLock({ ...lock, waitSeconds: 60 }, async () => {}));
    const ids = sent.filter(({ verb }) => verb === 'acquire').map(({ body }) => body['requestId']);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    [409, 'HELD'],
    [403, 'FORBIDDEN'],
    [429, 'QUEUE_FULL'],
  ])('rejects with the code of a %i, and runs no work', async (status, code) => {
    const { client } = anApi(() => refused(status, code));
    const work = () => Promise.reject(new Error('must not run'));
    await expect(client.withLock(lock, work)).rejects.toMatchObject({ name: 'LockError', code });
  });

  it('aborts the signal a second before the grant ends where no renewal succeeds, and gives nothing back', async () => {
    const { client, sent } = anApi(({ verb }) => (verb === 'acquire' ? granted() : new TypeError('away')));
    const startedAt = performance.now();
    let heldMs = 0;
    const work = ({ signal }: HeldLock) =>
      new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          heldMs = performance.now() - startedAt;
          resolve();
        }),
      );
    await expect(settled(client.withLock(lock, work))).rejects.toMatchObject({ code: 'LOST' });
    expect(heldMs).toBeGreaterThanOrEqual(3_900);
    expect(heldMs).toBeLessThanOrEqual(4_100);
    expect(sent.map(({ verb }) => verb)).not.toContain('release');
  });

  it('aborts the signal as soon as a renewal says that the grant is lost', async () => {
    const { client, sent } = anApi(({ verb }) => (verb === 'acquire' ? granted() : refused(412, 'LOST')));
    const work = ({ signal }: HeldLock) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const reason = await settled(client.withLock(lock, work)).catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(LockError);
    expect(reason).toMatchObject({ code: 'LOST' });
    expect(sent.map(({ verb }) => verb)).toEqual(['acquire', 'renew']);
  });

  it('renews after a third of the ttl, and lets the work go on', async () => {
    const { client, sent } = anApi(({ verb }) => {
      if (verb === 'release') return { status: 204 };
      return verb === 'acquire' ? granted() : { status: 200, body: { validForMs: 5_000 } };
    });
    const isLost = client.withLock(lock, async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 9_000));
      return signal.aborted;
    });
    expect(await settled(isLost)).toBe(false);
    expect(sent.map(({ verb }) => verb)).toEqual(['acquire', ...Array(5).fill('renew'), 'release']);
  });

  it('ends the waiting when the caller does', async () => {
    const stop = new AbortController();
    const { client } = anApi(() => {
      stop.abort(new Error('enough'));
      return refused(503, 'UNAVAILABLE');
    });
    const wish = { ...lock, waitSeconds: 600, signal: stop.signal };
    await expect(settled(client.withLock(wish, async () => {}))).rejects.toThrow('enough');
  });
});
