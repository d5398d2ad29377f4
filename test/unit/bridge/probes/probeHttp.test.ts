import { afterEach, describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../../../bridge/probes/probe.ts';
import { judgeStatusLine, probeHttp, toRequestTarget } from '../../../../bridge/probes/probeHttp.ts';
import { type FaultyTarget, faults, startFaultyTarget } from '../../../support/servers/faultyTarget.ts';

const open: FaultyTarget[] = [];
afterEach(async () => {
  for (const target of open.splice(0)) await target.close();
});

async function start(treat: Parameters<typeof startFaultyTarget>[0]): Promise<FaultyTarget> {
  const target = await startFaultyTarget(treat);
  open.push(target);
  return target;
}

function probe(port: number, signal = AbortSignal.timeout(30_000), path = '/healthz'): Promise<ProbeResult> {
  return probeHttp({ address: '127.0.0.1', check: { scheme: 'http', port, target: path } }, signal);
}

const fails = (detail: string) => ({ kind: 'failed', detail });

describe('a probe over HTTP', () => {
  it('sends the same request to every target, with the address of the pod as its host', async () => {
    const target = await start((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')));
    expect(await probe(target.port)).toEqual({ kind: 'passed' });
    expect(target.received).toEqual([
      [
        'GET /healthz HTTP/1.1',
        `Host: 127.0.0.1:${target.port}`,
        'User-Agent: zen-lead-probe',
        'Accept: */*',
        'Accept-Encoding: identity',
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    ]);
  });

  it.each([
    [200, { kind: 'passed' }],
    [204, { kind: 'passed' }],
    [301, { kind: 'passed' }],
    [399, { kind: 'passed' }],
    [400, fails('http-400')],
    [401, fails('http-401')],
    [503, fails('http-503')],
    [999, fails('http-999')],
  ])('judges status %i by itself', (status, result) => {
    expect(judgeStatusLine(Buffer.from(`HTTP/1.1 ${status} x\r\n`), false)).toEqual(result);
    expect(judgeStatusLine(Buffer.from(`HTTP/1.0 ${status}\n`), false)).toEqual(result);
  });

  it.each([
    'HTTP/1.1 099 x\r\n',
    'HTTP/1.1 20 x\r\n',
    'HTTP/2 200\r\n',
    'HTTP/1.1  200\r\n',
    'ICY 200 OK\r\n',
    '200\n',
  ])('takes %j for garbage', (line) => {
    expect(judgeStatusLine(Buffer.from(line), false)).toEqual(fails('garbage'));
  });

  it.each(['closesAtOnce', 'closesAfterTheRequest', 'resets'] as const)(
    'says reset for a target that %s',
    async (fault) => {
      const target = await start(faults[fault]);
      expect(await probe(target.port)).toEqual(fails('reset'));
    },
  );

  it.each([
    'closesInTheStatusLine',
    'speaksHttp09',
    'speaksSsh',
    'sendsHeadersWithoutAStatusLine',
    'sendsAnEndlessLine',
  ] as const)('says garbage for a target that %s', async (fault) => {
    const target = await start(faults[fault]);
    expect(await probe(target.port)).toEqual(fails('garbage'));
  });

  it.each(['acceptsAndSaysNothing', 'dripsTheStatusLine'] as const)(
    'gives up in the tick of its deadline on a target that %s',
    async (fault) => {
      const target = await start(faults[fault]);
      const deadline = new AbortController();
      const result = probe(target.port, deadline.signal);
      await until(() => (target.received[0] ?? '') !== '');
      deadline.abort();
      expect(await result).toEqual(fails('timeout'));
    },
  );

  it('passes on the status line, and waits for no header of a target that drips them', async () => {
    const target = await start(faults.dripsHeaders);
    expect(await probe(target.port)).toEqual({ kind: 'passed' });
  });

  it('passes after a status that only announces another one', async () => {
    const target = await start(faults.saysContinueFirst);
    expect(await probe(target.port)).toEqual({ kind: 'passed' });
  });

  it.each(['sendsAnEndlessBody', 'sendsAGzipBomb'] as const)(
    'closes the connection on a target that %s, without reading on',
    async (fault) => {
      const target = await start(faults[fault]);
      expect(await probe(target.port)).toEqual({ kind: 'passed' });
      // The target sees the end of the connection, so it stops.
      const sent = await settles(target.sentBytes);
      expect(sent).toBeLessThan(32 * 1024 * 1024);
      expect(target.connections()).toBe(1);
    },
  );

  it('follows no redirect, to 169.254.169.254 least of all', async () => {
    const target = await start(faults.redirectsToTheMetadataService);
    expect(await probe(target.port)).toEqual({ kind: 'passed' });
    expect(target.connections()).toBe(1);
  });

  it('says refused where nothing listens', async () => {
    const target = await startFaultyTarget(() => {});
    await target.close();
    expect(await probe(target.port)).toEqual(fails('refused'));
  });

  it('says nothing of what the target answered but the words of the list', async () => {
    const target = await start((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 418 secret-of-the-target\r\nx-secret: secret\r\n\r\nsecret')),
    );
    const result = await probe(target.port);
    expect(result).toEqual(fails('http-418'));
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('cannot be made to send a second line by a path', async () => {
    expect(toRequestTarget('/a?b=c%20d')).toBe('/a?b=c%20d');
    expect(toRequestTarget('/a\r\nHost: x')).toBe('/a%0D%0AHost:%20x');
    expect(toRequestTarget('/ä\u00a0\ud800\x7f')).toBe('/%C3%A4%C2%A0%EF%BF%BD%7F');
  });

  it('asks nothing once the deadline has passed', async () => {
    const target = await start(() => {});
    expect(await probe(target.port, AbortSignal.abort())).toEqual(fails('timeout'));
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** The value once it has stopped growing. */
async function settles(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const value = read();
    if (value === last) return value;
    last = value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
