import { afterEach, describe, expect, it } from 'vitest';
import { type Held, network } from '../../../../bridge/probes/network.ts';
import type { Check } from '../../../../bridge/probes/probe.ts';
import { type FaultyTarget, faults, startFaultyTarget } from '../../../support/servers/faultyTarget.ts';
import { startGrpcHealthServer } from '../../../support/servers/grpcHealthServer.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

function keep<T extends { close(): unknown }>(one: T): T {
  open.push(one);
  return one;
}

const endpoint = (scheme: Check['scheme'], port: number) => ({
  address: '127.0.0.1',
  check: { scheme, port, target: scheme === 'http' ? '/' : '' },
});
const deadline = (): AbortSignal => AbortSignal.timeout(30_000);

/** Resolves when the connection has ended. */
function hold(scheme: Check['scheme'], target: { readonly port: number }): { held: Held; ended: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { held: keep(network.hold(endpoint(scheme, target.port), resolve)), ended: promise };
}

describe('the network of the prober', () => {
  it('opens a connection and closes it, for tcp', async () => {
    const target = keep(await startFaultyTarget(() => {}));
    expect(await network.probe(endpoint('tcp', target.port), deadline(), null)).toEqual({ kind: 'passed' });
    expect(target.received).toEqual(['']);
  });

  it('passes a tcp target that says nothing more: it does not see a hang', async () => {
    const target = keep(await startFaultyTarget(faults.acceptsAndSaysNothing));
    expect(await network.probe(endpoint('tcp', target.port), deadline(), null)).toEqual({ kind: 'passed' });
  });

  it('fails a tcp target whose deadline has passed, or where nothing listens', async () => {
    const target = await startFaultyTarget(() => {});
    expect(await network.probe(endpoint('tcp', target.port), AbortSignal.abort(), null)).toEqual({
      kind: 'failed',
      detail: 'timeout',
    });
    await target.close();
    expect(await network.probe(endpoint('tcp', target.port), deadline(), null)).toEqual({
      kind: 'failed',
      detail: 'refused',
    });
  });

  it('notices at once that the process behind a held connection has died', async () => {
    const target = await startFaultyTarget((socket) => socket.write('220 hello\r\n'));
    const { ended } = hold('http', target);
    while (target.connections() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await target.close();
    await ended;
  });

  it('sends nothing over a held connection', async () => {
    const target: FaultyTarget = keep(await startFaultyTarget((socket) => setTimeout(() => socket.end(), 20)));
    await hold('tcp', target).ended;
    expect(target.received).toEqual(['']);
  });

  it('holds no connection to a target that sends without end', async () => {
    const target = keep(
      await startFaultyTarget((socket) => {
        const pour = (): void => {
          while (socket.write(Buffer.alloc(64 * 1024)));
        };
        socket.on('drain', pour);
        pour();
      }),
    );
    let isEnded = false;
    keep(
      network.hold(endpoint('tcp', target.port), () => {
        isEnded = true;
      }),
    );
    // The target sees the end of the connection; the holder is not woken for it.
    let sent = -1;
    while (target.connections() === 0 || target.sentBytes() !== sent) {
      sent = target.sentBytes();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect(isEnded).toBe(false);
  });

  it('asks a held gRPC session, and a new one where that has ended', async () => {
    const server = keep(await startGrpcHealthServer());
    server.set('', 1);
    const { held, ended } = hold('grpc', server);
    expect(await network.probe(endpoint('grpc', server.port), deadline(), held)).toEqual({ kind: 'passed' });
    held.session?.close();
    await ended;
    expect(await network.probe(endpoint('grpc', server.port), deadline(), held)).toEqual({ kind: 'passed' });
  });

  it('notices that a gRPC server shuts down', async () => {
    const server = keep(await startGrpcHealthServer());
    const { held, ended } = hold('grpc', server);
    await network.probe(endpoint('grpc', server.port), deadline(), held);
    server.drain();
    await ended;
  });
});
