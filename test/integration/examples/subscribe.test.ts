/**
 * Runs the subscribers of examples/subscribe, and sends them what zen-lead sends. Python and Go run
 * where they are installed.
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { createEventsSink } from '../../../functions/announce/eventsSink.ts';
import type { ReplyData } from '../../../lib/events/reply.ts';
import { replyDataZod } from '../../../lib/events/replySchema.ts';
import { toLeaderEvent } from '../../../lib/events/toReply.ts';
import { uid } from '../../support/objects/anEvent.ts';

const folder = resolve(import.meta.dirname, '../../../examples/subscribe');
const work = mkdtempSync(join(tmpdir(), 'zen-lead-subscribe-'));

const ways = [
  ['TypeScript', 'node', () => [process.execPath, join(folder, 'subscriber.ts')]],
  ['Python', 'python3', () => ['python3', join(folder, 'subscriber.py')]],
  [
    'Go',
    'go',
    () => {
      const program = join(work, 'subscriber');
      execFileSync('go', ['build', '-o', program, join(folder, 'main.go')], { cwd: work, stdio: 'ignore' });
      return [program];
    },
  ],
] as const;

const [first, second] = ['db-0', 'db-1'].map((name) => ({ name, uid: uid(name) }));
const elected = aLeaderEvent('elected', { reason: 'FirstLeader', previous: null, leader: first, epoch: 5 });
const moved = aLeaderEvent('elected', { reason: 'LeaderGone', previous: first, leader: second, epoch: 6 });
const gone = aLeaderEvent('lost', { reason: 'SourceGone', previous: second, leader: null, epoch: 6 });

function aLeaderEvent(decision: 'elected' | 'lost', data: object) {
  // What the examples are sent is what the schema of replies describes.
  const parsed = replyDataZod.parse({ decision, basis: 'event', ...data });
  const context = {
    source: '/clusters/kubernetes',
    subject: { namespace: 'shop', name: 'db' },
    sourceUid: uid('source'),
    decidedAt: Date.parse('2026-01-01T00:00:00Z'),
  };
  return toLeaderEvent(context, parsed as ReplyData);
}

describe.each(ways)('the subscriber in %s', (_language, command, prepare) => {
  const running: { kill(): void }[] = [];
  afterEach(() => {
    for (const each of running.splice(0)) each.kill();
    rmSync(join(work, 'subscriber'), { force: true });
  });

  it.skipIf(!isInstalled(command))(
    'acts once for each change, and ignores what is older',
    { timeout: 240_000 },
    async () => {
      const [program = '', ...args] = prepare();
      const child = spawn(program, args, { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
      running.push(child);
      const lines: string[] = [];
      createInterface(child.stdout).on('line', (line) => lines.push(line));
      await expect.poll(() => lines[0], { timeout: 60_000 }).toMatch(/^listening on \d+$/);
      const url = `http://127.0.0.1:${lines[0]?.split(' ').at(-1)}`;
      const send = async (event: object): Promise<number> => {
        const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
        return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) })).status;
      };
      const announce = createEventsSink(url);
      for (const event of [elected, moved, moved, elected]) await announce(event, AbortSignal.timeout(60_000));
      const other = { ...elected, type: 'com.example.other' };
      expect(await send(other)).toBe(204);
      await announce(gone, AbortSignal.timeout(60_000));
      const about = 'namespaces/shop/services/db';
      await expect
        .poll(() => lines.slice(1))
        .toEqual([
          `${about} leader=db-0 epoch=5 reason=FirstLeader`,
          `${about} leader=db-1 epoch=6 reason=LeaderGone`,
          `${about} leader=none epoch=6 reason=SourceGone`,
        ]);
      expect(await fetch(url, { method: 'POST', body: 'no event' }).then(({ status }) => status)).toBe(400);
    },
  );
});

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, [command === 'go' ? 'version' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
