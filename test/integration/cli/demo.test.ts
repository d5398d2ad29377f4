import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { startProgram } from '../../support/programs/startProgram.ts';

// One run for all that a whole story shows: it takes some seconds.
it('the demo plays the whole story by itself: leader, kill, other leader, planned move, hang', async () => {
  const directory = aDirectory();
  const program = startProgram(['demo'], { TMPDIR: directory });
  const code = await program.exited;
  const text = program.stdout();
  expect({ code, stderr: program.stderr() }).toEqual({ code: 0, stderr: '' });

  const first = /postgres-leader appeared and routes to (postgres-\d)/.exec(text)?.[1];
  const killed = /(postgres-\d) -> (postgres-\d): no pod answered for (\d+) ms/.exec(text);
  expect(killed?.[1]).toBe(first);
  expect(killed?.[2]).not.toBe(first);
  expect(Number(killed?.[3])).toBeGreaterThan(0);

  expect(text).toContain(`${killed?.[1]} is Ready again; ${killed?.[2]} stays the leader`);

  const moved = /(postgres-\d) -> (postgres-\d): left \d+ ms after the delete/.exec(text);
  expect(moved?.[1]).toBe(killed?.[2]);
  expect(moved?.[2]).not.toBe(killed?.[2]);
  expect(text).toContain('every question was answered');

  const hung = /(postgres-\d) -> (postgres-\d): left (\d+) ms after it hung, by the health check/.exec(text);
  expect(hung?.[1]).toBe(moved?.[2]);
  expect(hung?.[2]).not.toBe(hung?.[1]);
  expect(text).toContain(`${hung?.[1]} goes on; ${hung?.[2]} stays the leader`);

  // Killed and hung, the leader left questions without an answer; deleted, it did not.
  const unanswered = text.split('\n').filter((line) => line.startsWith('   no pod '));
  expect(unanswered.map((line) => line.includes('x'))).toEqual([true, true]);

  const lines = text.split('\n');
  expect(lines.filter((line) => line.includes('\u001b'))).toEqual([]);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

it('the demo with --keep stays, and the commands that it prints work', async () => {
  const directory = aDirectory();
  const program = startProgram(['demo', '--keep'], { TMPDIR: directory });
  const last = await program.waitForLine('# kill the pod that answers', 40_000);
  const printed = program.stdout().slice(program.stdout().indexOf('export KUBECONFIG='));
  const kubeconfig = /export KUBECONFIG=(.*)/.exec(printed)?.[1] ?? '';
  expect(kubeconfig.startsWith(directory)).toBe(true);

  const leader = await ask(last);
  expect(leader).toMatch(/^postgres-\d$/);
  await ask(last, 'crash\n');
  await expect.poll(() => ask(last), { message: 'who answers' }).toMatch(new RegExp(`^postgres-[^${leader.at(-1)}]$`));

  const [, apiUrl = ''] = /^ +api +(\S+)$/m.exec(program.stdout()) ?? [];
  expect(await (await fetch(apiUrl)).json()).toMatchObject({ pool: 'postgres', members: [{}, {}, {}] });

  const commands = [...printed.matchAll(/\$ kubectl (.*)$/gm)].map((match) => match[1] ?? '');
  expect(commands.length).toBeGreaterThan(5);
  if (hasKubectl()) {
    for (const command of commands) await runKubectl(kubeconfig, command);
    await program.waitForLine('routes to no pod');
  } else {
    console.log('skipped: the kubectl lines of the demo, because there is no kubectl');
  }

  program.process.kill('SIGINT');
  expect(await program.exited).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});

/** Connects as the `nc` line says; empty when no pod answers. */
async function ask(line: string, say = ''): Promise<string> {
  const port = Number(/127\.0\.0\.1 (\d+)/.exec(line)?.[1]);
  const socket = connect({ host: '127.0.0.1', port });
  let answer = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    answer += bytes.toString('utf8');
    if (say === '') socket.end();
    else socket.write(say);
  });
  await once(socket, 'close');
  return answer.trim();
}

function hasKubectl(): boolean {
  return spawnSync('kubectl', ['version', '--client']).status === 0;
}

async function runKubectl(kubeconfig: string, command: string): Promise<void> {
  await promisify(execFile)('kubectl', command.split(' '), {
    // kubectl keeps a cache at home, or where it is started when it has none.
    env: { PATH: process.env['PATH'] ?? '', KUBECONFIG: kubeconfig, HOME: aDirectory() },
    timeout: 60_000,
  });
}
