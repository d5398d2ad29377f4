import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { aDirectory } from './aCluster.ts';
import { startProgram } from './startProgram.ts';

// One run for all that a whole story shows: it takes some seconds.
it('tells the whole story by itself: leader, kill, other leader, planned move', { timeout: 60_000 }, async () => {
  const directory = aDirectory();
  const program = startProgram(['demo'], { TMPDIR: directory });
  const code = await program.exited;
  const text = program.stdout();
  expect({ code, stderr: program.stderr() }).toEqual({ code: 0, stderr: '' });

  const first = /postgres-leader appeared and routes to (postgres-\d)/.exec(text)?.[1];
  const killed = /(postgres-\d) -> (postgres-\d): nobody answered for (\d+) ms/.exec(text);
  expect(killed?.[1]).toBe(first);
  expect(killed?.[2]).not.toBe(first);
  expect(Number(killed?.[3])).toBeGreaterThan(0);

  expect(text).toContain(`${killed?.[1]} is Ready again; ${killed?.[2]} stays the leader`);

  const moved = /(postgres-\d) -> (postgres-\d): left \d+ ms after the delete/.exec(text);
  expect(moved?.[1]).toBe(killed?.[2]);
  expect(moved?.[2]).not.toBe(killed?.[2]);
  expect(text).toContain('every question was answered');

  // In the first picture somebody got no answer, in the second nobody did.
  const nobody = text.split('\n').filter((line) => line.startsWith('   nobody '));
  expect(nobody.map((line) => line.includes('x'))).toEqual([true]);

  const lines = text.split('\n');
  expect(lines.filter((line) => line.includes('\u001b'))).toEqual([]);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

it('--keep stays until SIGINT, then ends with 0 and leaves nothing behind', { timeout: 60_000 }, async () => {
  const directory = aDirectory();
  const program = startProgram(['demo', '--keep'], { TMPDIR: directory });
  const line = await program.waitForLine('export KUBECONFIG=', 40_000);
  const kubeconfig = line.slice(line.indexOf('=') + 1);
  expect(kubeconfig.startsWith(directory)).toBe(true);
  program.process.kill('SIGINT');
  expect(await program.exited).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});
