import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createGuard } from '../../../api/auth/guard.ts';
import type { LockBook } from '../../../api/locks/lockBook.ts';
import { createLockService } from '../../../api/locks/lockService.ts';
import { systemClock } from '../../../bridge/clock.ts';
import { anApiApp, aReviewer } from '../../support/objects/anApiApp.ts';

const EVENTS = '/v1/leader/pool/postgres.shop/events';

const openings: Readonly<Record<string, (url: string) => { destroy(): void }>> = {
  'HTTP/1.1': (url) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${EVENTS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer good\r\n\r\n`);
    return socket;
  },
  'HTTP/2': (url) => {
    const session = connectHttp2(url);
    session.request({ ':path': EVENTS, authorization: 'Bearer good' }).on('error', () => {});
    return session;
  },
};

it.each(Object.entries(openings))(
  'keeps no reader that has gone while its right was asked for, over %s',
  async (_, open) => {
    const asked: (() => void)[] = [];
    const isAllowed = () => new Promise<boolean>((resolve) => asked.push(() => resolve(true)));
    const app = anApiApp({ reviewer: { ...aReviewer(() => true), isAllowed } });
    const client = open(await app.listen());
    await expect.poll(() => asked.length, { message: 'its right is asked for' }).toBe(1);
    client.destroy();
    // The end arrives meanwhile; where it arrives later, the reader is forgotten as any other.
    await sleep(50);
    for (const decide of asked) decide();
    await sleep(20);
    await expect.poll(() => app.pools.subscribers()).toBe(0);
  },
);

it('grants no lock to a client that has gone while its right was asked for', async () => {
  const asked: unknown[] = [];
  const book = { keeper: (lock: unknown) => asked.push(lock) } as unknown as LockBook;
  const service = createLockService({ book, guard: createGuard(null), clock: systemClock, maxSkewMs: 1_000 });
  const caller = { authorization: undefined, address: '' };
  const wish = { requestId: 'r-1', holder: 'worker' };
  const acquire = service.acquire(caller, { namespace: 'shop', name: 'reports' }, wish, AbortSignal.abort());
  await expect(acquire).rejects.toMatchObject({ code: 'ABORTED' });
  expect(asked).toEqual([]);
});
