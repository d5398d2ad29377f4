/**
 * Tests the fence of examples/postgresql with real PostgreSQL. The synchronous standby alone is not
 * enough: until the third instance follows the next leader, it is the standby that the previous one
 * counts on.
 */

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findPostgres } from '../../../examples/postgresql/image.ts';
import type { Told } from './fenceStory.ts';

const bin = findPostgres()?.bin;
const program = resolve(import.meta.dirname, 'fenceStory.ts');
// The story has a /tmp of its own.
const isHidden = program.startsWith('/tmp/');
const canTell = bin !== undefined && process.getuid?.() === 0 && !isHidden && postgresCanRead(program);
if (!canTell)
  console.log(
    'examples/postgresql: the fence is not tried, it takes root, PostgreSQL, and files that its user can read',
  );

test.runIf(canTell)(
  'a primary that wakes after the promotion of another acknowledges nothing, and does so without the fence',
  { timeout: 240_000 },
  () => {
    // PostgreSQL puts its sockets into /tmp, where an earlier run may have left some.
    const command = 'mount -t tmpfs tmpfs /tmp && ip link set lo up && exec "$@"';
    const story = [process.execPath, program, bin ?? '', '/tmp', idOf('-u'), idOf('-g')];
    const isolated = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const output = execFileSync('unshare', [...isolated, 'sh', '-c', command, 'sh', ...story], { encoding: 'utf8' });
    const told = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Told => JSON.parse(line));
    expect(told).toEqual([
      { isFenced: true, before: expect.any(Number), late: 0, awake: '1' },
      { isFenced: false, before: expect.any(Number), late: expect.any(Number), awake: '1' },
    ]);
    expect(told[1]?.late).toBeGreaterThan(0);
  },
);

function idOf(flag: '-u' | '-g'): string {
  return execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim();
}

/** The instances run as that user. A checkout in the home of root is closed to it. */
function postgresCanRead(path: string): boolean {
  try {
    const user = [`--reuid=${idOf('-u')}`, `--regid=${idOf('-g')}`, '--clear-groups'];
    execFileSync('setpriv', [...user, 'test', '-r', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
