import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { listenOnLoopback } from '../../../cli/demo/cluster/podNetwork.ts';
import { toLine } from '../../../lib/recording/recordedLine.ts';
import { aDelivery, T0 } from '../../support/objects/aDelivery.ts';
import { aCandidate, aSnapshot } from '../../support/objects/anEvent.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { programEnvironment } from '../../support/programs/startProgram.ts';
import { typeCommand } from '../../support/programs/typeCommand.ts';

const entry = fileURLToPath(new URL('../../../cli/zen-lead.ts', import.meta.url));
const nobody = aSnapshot({ candidates: [aCandidate({ ready: false })] });
const lines = [
  toLine(aDelivery()),
  toLine(aDelivery({ at: T0 + 1_000 })),
  toLine(aDelivery({ at: T0 + 2_000, snapshot: nobody })),
];

let path: string;
beforeEach(() => {
  path = join(aDirectory(), 'r.jsonl');
});

/** The program as a process, with this on its standard input. */
async function pipeInto(input: NodeJS.ReadableStream, ...args: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: 'pipe', env: programEnvironment() });
  onTestFinished(() => void child.kill('SIGKILL'));
  input.pipe(child.stdin);
  child.stdin.on('error', () => {}); // it ended without reading everything
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

describe('zen-lead replay', () => {
  it('replay shows the timeline, and with --all every reconcile', async () => {
    writeFileSync(path, lines.join(''));
    const short = await typeCommand('replay', path);
    expect(short).toMatchObject({ code: 0, stderr: '' });
    expect(short.stdout.split('\n').filter((line) => line.startsWith('2026'))).toHaveLength(2);
    const long = await typeCommand('replay', path, '--all');
    expect(long.stdout.split('\n').filter((line) => line.startsWith('2026'))).toHaveLength(3);
    const part = await typeCommand('replay', path, '--from', '2026-11-20T10:00:01Z', '--until', '2026-11-20T10:00:02Z');
    expect(part.stdout).toContain('\n1 reconcile of 1 Service');
  });

  it('replay names a broken line and a cut end, shows the rest, and ends with 2', async () => {
    writeFileSync(path, `${lines[0]}{"event":{}}\n${lines[2]?.slice(0, 900)}`);
    const { code, stdout, stderr } = await typeCommand('replay', path);
    expect(code).toBe(2);
    expect(stderr).toContain(`${path}:2: event.specversion: is missing`);
    expect(stderr).toContain(`${path}:3: is cut off, the recording ends in the middle of it`);
    expect(stdout).toContain('none -> db-0');
    expect(stdout).toContain('2 lines could not be read');
  });

  it('replay ends with 2 where there is no such file, and for what it cannot do', async () => {
    expect(await typeCommand('replay', '/does/not/exist')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('/does/not/exist: cannot be read: ENOENT'),
    });
    expect((await typeCommand('replay', '-', '--step')).stderr).toContain('give the recording as a file');
  });

  it('replay --expect ends with 0 while the rules decide as recorded, and with 1 and what differs when not', async () => {
    writeFileSync(path, lines.join(''));
    expect(await typeCommand('replay', path, '--expect')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^3 reconciles .*; all as recorded\n$/),
    });
    writeFileSync(
      path,
      `${lines[0]}${toLine(aDelivery({ reply: { decision: 'kept', reason: 'LeaderFit', epoch: 3 } }))}`,
    );
    const { code, stdout } = await typeCommand('replay', path, '--expect');
    expect(code).toBe(1);
    expect(stdout).toContain(`${path}:2  2026-11-20T10:00:00.000Z  shop/db\n`);
    expect(stdout).toContain('  - recorded  kept LeaderFit, leader db-0, before none, epoch 3\n');
    expect(stdout).toContain('  + today     elected FirstLeader, leader db-0, before none, epoch ');
    expect(stdout).toContain('1 decided otherwise than recorded');
  });

  it('replay writes a page whose data no text of the recording can leave', async () => {
    const pod = aCandidate({ name: '</script><script>alert(1)</script>' });
    writeFileSync(path, toLine(aDelivery({ snapshot: aSnapshot({ candidates: [pod] }) })));
    const html = `${path}.html`;
    expect(await typeCommand('replay', path, '--html', html)).toMatchObject({ code: 0 });
    expect(readFileSync(html, 'utf8')).not.toContain('<script>alert');
  });

  it('replay sends each event to a function on this machine with a new deadline, and shows its answer', async () => {
    const bodies: string[] = [];
    let arrivedAt = 0;
    const { reply } = aDelivery();
    const server = createServer(async (request, response) => {
      bodies.push(await text(request));
      arrivedAt = Date.now();
      response.writeHead(200, { 'content-type': 'application/cloudevents+json' }).end(JSON.stringify(reply));
    });
    const port = await listenOnLoopback(server, 0);
    onTestFinished(() => void server.close());
    writeFileSync(path, lines[0] ?? '');
    const { code, stdout } = await typeCommand('replay', path, '--url', `http://127.0.0.1:${port}`);
    expect(code).toBe(0);
    expect(stdout).toContain('answered 200: elected FirstLeader, leader db-0');
    const sent: unknown = JSON.parse(bodies[0] ?? '');
    expect(sent).toMatchObject({ id: 'e1', data: { snapshot: { name: 'db' } } });
    expect(Number((sent as { data: { deadline: number } }).data.deadline)).toBeGreaterThan(arrivedAt);
  });

  it('replay ends with 1 where the function does not answer, and says on standard error what could not be reached', async () => {
    writeFileSync(path, lines[0] ?? '');
    const { code, stdout, stderr } = await typeCommand('replay', path, '--url', 'http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^zen-lead: no answer from http:\/\/127\.0\.0\.1:9\/: .+; events that failed: 1\n$/);
    expect(stdout).toContain('no answer from http://127.0.0.1:9/');
  });

  it('explain ends with 1 for a Service that a recording does not hold, with 2 where a line of it cannot be read', async () => {
    writeFileSync(path, lines[0] ?? '');
    expect(await typeCommand('explain', 'shop/none', '--recording', path)).toMatchObject({
      code: 1,
      stderr: `${path} holds no reconcile of shop/none`,
    });
    writeFileSync(path, `${lines[0]}{\n`);
    expect((await typeCommand('explain', 'shop/none', '--recording', path)).code).toBe(2);
  });

  it('replay keeps the pauses of a recording with --speed, so many times shorter', { timeout: 50_000 }, async () => {
    writeFileSync(path, `${toLine(aDelivery())}${toLine(aDelivery({ at: T0 + 60_000 }))}`);
    const startedAt = performance.now();
    await typeCommand('replay', path, '--speed', '60');
    // A minute, 60 times as fast. Unshortened, the test would time out.
    expect(performance.now() - startedAt).toBeGreaterThan(995);
  });

  it('replay reads standard input, and stops when the reader of its output has gone', async () => {
    writeFileSync(path, lines.join('').repeat(500));
    const whole = await pipeInto(createReadStream(path), 'replay', '-', '--all');
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(whole.stdout).toContain('1500 reconciles of 1 Service');
    const shell = `${process.execPath} ${entry} replay --all ${path} | head -2; exit "\${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', shell], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect({ code, errors, lines: out.trimEnd().split('\n').length }).toEqual({ code: 0, errors: '', lines: 2 });
  });

  it('replay --step explains each line, goes on with Enter, and ends with q', async () => {
    writeFileSync(path, lines.join(''));
    const keys = join(aDirectory(), 'keys');
    writeFileSync(keys, '\nq\n');
    const { code, stdout } = await pipeInto(createReadStream(keys), 'replay', path, '--step');
    expect(code).toBe(0);
    expect(stdout).toContain('db-0  leads');
    expect(stdout).toContain('db-0  is not Ready');
    expect(stdout.match(/Enter: next/g)).toHaveLength(2);
  });
});
