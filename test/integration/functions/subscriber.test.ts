import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createEventsSink } from '../../../functions/announce/eventsSink.ts';
import { toLeaderEvent } from '../../../lib/events/toReply.ts';
import { uid } from '../../support/objects/anEvent.ts';

it('the example subscriber logs each leader once, however often it is announced', async () => {
  const script = fileURLToPath(new URL('../../../examples/subscriber/subscriber.ts', import.meta.url));
  const subscriber = spawn(process.execPath, [script], { env: { ...process.env, PORT: '0' }, stdio: 'pipe' });
  try {
    const lines: string[] = [];
    createInterface({ input: subscriber.stdout }).on('line', (line) => lines.push(line));
    await expect.poll(() => lines.length, { message: 'the port it listens on' }).toBe(1);
    const url = `http://127.0.0.1:${/\d+$/.exec(lines[0] ?? '')}/`;

    const announce = async (epoch: number, name: string): Promise<void> => {
      const context = {
        source: '/clusters/test',
        subject: { namespace: 'shop', name: 'db' },
        sourceUid: uid('source-uid'),
        decidedAt: Date.parse('2026-11-20T10:00:00Z'),
      };
      const leader = { name, uid: uid(name) };
      const data = {
        decision: 'elected',
        reason: 'FirstLeader',
        previous: null,
        leader,
        epoch,
        basis: 'event',
      } as const;
      await createEventsSink(url)(toLeaderEvent(context, data), AbortSignal.timeout(30_000));
    };
    await announce(7, 'db-0');
    await announce(7, 'db-0');
    await announce(8, 'db-1');
    await expect
      .poll(() => lines.slice(1), { message: 'the leaders that it logs' })
      .toEqual([
        'namespaces/shop/services/db: db-0 leads (epoch 7)',
        'namespaces/shop/services/db: db-1 leads (epoch 8)',
      ]);
    const broken = await fetch(url, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } });
    expect(broken.status).toBe(400);
  } finally {
    subscriber.kill();
    if (subscriber.exitCode === null && subscriber.signalCode === null) await once(subscriber, 'exit');
  }
});
