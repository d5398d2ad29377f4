import { afterEach, describe, expect, it } from 'vitest';
import { network } from '../../../../bridge/probes/network.ts';
import type { Check, ProbeResult } from '../../../../bridge/probes/probe.ts';
import { judgeLiteral, judgeRedisRole } from '../../../../bridge/probes/probeRole.ts';
import { type FaultyTarget, faults, startFaultyTarget } from '../../../support/servers/faultyTarget.ts';

const unasked = { send: '', expect: '' };
const http = { scheme: 'http', target: '/primary', role: unasked } as const;
const redis = { scheme: 'redis', target: '', role: unasked } as const;
const tcp = { scheme: 'tcp', target: '', role: { send: 'mode\n', expect: 'role:\xff' } } as const;
const fails = (detail: string) => ({ kind: 'failed', detail });
const says = (role: string) => ({ kind: 'passed', role });

const open: FaultyTarget[] = [];
afterEach(async () => {
  for (const target of open.splice(0)) await target.close();
});

async function start(treat: Parameters<typeof startFaultyTarget>[0]): Promise<FaultyTarget> {
  const target = await startFaultyTarget(treat);
  open.push(target);
  return target;
}

function ask(check: Omit<Check, 'port'>, port: number, signal = AbortSignal.timeout(30_000)): Promise<ProbeResult> {
  return network.probe({ address: '127.0.0.1', check: { ...check, port } }, signal, null);
}

const answering = (bytes: string) => (socket: import('node:net').Socket) => {
  socket.once('data', () => socket.write(Buffer.from(bytes, 'latin1')));
};

describe('a role over HTTP', () => {
  it.each([
    [200, 'primary'],
    [204, 'other'],
    [302, 'other'],
    [404, 'other'],
    [503, 'other'],
  ])('is what status %i says', async (status, role) => {
    const { port } = await start(answering(`HTTP/1.1 ${status} x\r\n\r\n`));
    expect(await ask(http, port)).toEqual(says(role));
  });

  it('is not told by what is no answer', async () => {
    const { port } = await start(faults.speaksSsh);
    expect(await ask(http, port)).toEqual(fails('garbage'));
  });
});

describe('a role of Redis', () => {
  it('is asked for with ROLE, and with nothing else', async () => {
    const target = await start(answering('*3\r\n$6\r\nmaster\r\n:42\r\n*0\r\n'));
    expect(await ask(redis, target.port)).toEqual(says('primary'));
    expect(target.received).toEqual(['*1\r\n$4\r\nROLE\r\n']);
  });

  it.each<[string, ProbeResult | null]>([
    ['', null],
    ['*3\r\n$6\r\nmast', null],
    ['*3\r\n$6\r\nmaster\r\n', { kind: 'passed', role: 'primary' }],
    ['*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n', { kind: 'passed', role: 'other' }],
    ['*2\r\n$8\r\nsentinel\r\n', { kind: 'passed', role: 'other' }],
    ['*3\r\n$7\r\nmasters\r\n', { kind: 'passed', role: 'other' }],
    ['-', null],
    ['-NOAUTH Authentication required.\r\n', { kind: 'failed', detail: 'auth' }],
    ['-NOPERM this user has no permissions\r\n', { kind: 'failed', detail: 'auth' }],
    ['-DENIED Redis is running in protected mode', { kind: 'failed', detail: 'auth' }],
    ['-NOAUTHX\r\n', { kind: 'failed', detail: 'garbage' }],
    ['-ERR unknown command\r\n', { kind: 'failed', detail: 'garbage' }],
    ['-LOADING Redis is loading the dataset in memory\r\n', { kind: 'failed', detail: 'garbage' }],
    ['HTTP/1.1 400', { kind: 'failed', detail: 'garbage' }],
    ['+master\r\n', { kind: 'failed', detail: 'garbage' }],
    [`*${'1'.repeat(100)}`, { kind: 'failed', detail: 'garbage' }],
  ])('is judged as soon as it is clear: %j', (text, result) => {
    expect(judgeRedisRole(Buffer.from(text), false)).toEqual(result);
  });

  it('is not told by an answer that is cut', () => {
    expect(judgeRedisRole(Buffer.from(''), true)).toEqual(fails('reset'));
    expect(judgeRedisRole(Buffer.from('*3\r\n$6\r\nmas'), true)).toEqual(fails('garbage'));
    expect(judgeRedisRole(Buffer.from('-NOA'), true)).toEqual(fails('garbage'));
  });
});

describe('a role over TCP', () => {
  it('is primary as soon as the expected bytes have come, wherever they stand', async () => {
    const target = await start(answering('mode: x\nrole:\xff\n'));
    expect(await ask(tcp, target.port)).toEqual(says('primary'));
    expect(target.received).toEqual(['mode\n']);
  });

  it('is other where the answer ends without them', async () => {
    const { port } = await start((socket) => socket.once('data', () => socket.end('role:replica')));
    expect(await ask(tcp, port)).toEqual(says('other'));
  });

  it('is other where the server keeps the connection open until the time-out', async () => {
    const stop = new AbortController();
    const { port } = await start((socket) =>
      socket.once('data', () => socket.write('role:replica', () => setTimeout(() => stop.abort(), 50))),
    );
    expect(await ask(tcp, port, stop.signal)).toEqual(says('other'));
  });

  it('fails with timeout where nothing has come', async () => {
    const stop = new AbortController();
    const { port } = await start((socket) => socket.once('data', () => stop.abort()));
    expect(await ask(tcp, port, stop.signal)).toEqual(fails('timeout'));
  });

  it('is looked for in the first 1 KiB', async () => {
    const far = await start(answering(`${'x'.repeat(1_024)}role:\xff`));
    expect(await ask(tcp, far.port)).toEqual(says('other'));
    const near = await start(answering(`${'x'.repeat(1_018)}role:\xff${'y'.repeat(9_000)}`));
    expect(await ask(tcp, near.port)).toEqual(says('primary'));
  });

  it('is found where it arrives in pieces', () => {
    expect(judgeLiteral(Buffer.from('xxro'), false, Buffer.from('role'))).toBeNull();
    expect(judgeLiteral(Buffer.from('xxrole'), false, Buffer.from('role'))).toEqual(says('primary'));
    expect(judgeLiteral(Buffer.from(''), true, Buffer.from('role'))).toEqual(fails('reset'));
  });

  it.each(['closesAtOnce', 'closesAfterTheRequest', 'resets'] as const)('fails for a target that %s', async (fault) => {
    const { port } = await start(faults[fault]);
    expect(await ask(tcp, port)).toEqual(fails('reset'));
  });
});

describe('a target that answers without end', () => {
  it.each([
    ['redis', redis, fails('garbage')],
    ['tcp', tcp, says('other')],
  ] as const)('is read no further than 1 KiB: %s', async (_, check, result) => {
    const target = await start(faults.sendsAnEndlessLine);
    expect(await ask(check, target.port)).toEqual(result);
  });
});
