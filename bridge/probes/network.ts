/**
 * The network of the prober: asks one endpoint, or holds a connection to it.
 *
 * A held connection is a tripwire. The kernel of the pod closes it when the process dies, some
 * milliseconds later, without waiting for the next probe. For grpc the session itself is held, and
 * probes go over it.
 *
 * Guarantees: a held connection sends nothing, and reads no more than 4 KiB.
 */

import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import type { Endpoint, ProbeResult } from './probe.ts';
import { openGrpcSession, probeGrpc } from './probeGrpc.ts';
import { probeHttp } from './probeHttp.ts';
import { probeRole } from './probeRole.ts';
import { probeTcp } from './probeTcp.ts';

export interface Held {
  /** Of grpc, for probes to go over. */
  readonly session: ClientHttp2Session | null;
  /** Closes it without a call of `onClose`. */
  close(): void;
}

export interface ProbeNetwork {
  /** Calls back when a probe may begin, at once where there is room. Absent: always at once. */
  admit?(begin: () => void): void;
  /** Settles as soon as the signal aborts, if not before. `held` null: on a new connection. */
  probe(endpoint: Endpoint, signal: AbortSignal, held: Held | null): Promise<ProbeResult>;
  /** `onClose`: the other end is gone, or could not be reached. */
  hold(endpoint: Endpoint, onClose: () => void): Held;
}

export const network: ProbeNetwork = {
  probe(endpoint, signal, held) {
    const { scheme, role } = endpoint.check;
    if (role !== undefined || scheme === 'redis') return probeRole(endpoint, signal);
    switch (scheme) {
      case 'http':
        return probeHttp(endpoint, signal);
      case 'tcp':
        return probeTcp(endpoint, signal);
      case 'grpc': {
        const session = held?.session ?? null;
        const isOpen = session !== null && !session.closed && !session.destroyed;
        return probeGrpc(endpoint, signal, isOpen ? session : null);
      }
    }
  },
  hold: (endpoint, onClose) =>
    endpoint.check.scheme === 'grpc' ? holdSession(endpoint, onClose) : holdConnection(endpoint, onClose),
};

function holdSession(endpoint: Endpoint, onClose: () => void): Held {
  const session = openGrpcSession(endpoint);
  // It is only held; what waits for the process to end must not wait for it.
  session.unref();
  session.once('close', onClose);
  return {
    session,
    close() {
      session.off('close', onClose);
      session.destroy();
    },
  };
}

/** A greeting is read and dropped. Who sends more than that is not held. */
const MAX_GREETING_BYTES = 4_096;

function holdConnection({ address, check }: Endpoint, onClose: () => void): Held {
  let received = 0;
  const socket = connect({
    host: address,
    port: check.port,
    onread: {
      buffer: Buffer.alloc(1_024),
      callback(count) {
        received += count;
        if (received > MAX_GREETING_BYTES) close();
        return received <= MAX_GREETING_BYTES;
      },
    },
  });
  socket.unref();
  socket.on('error', () => {});
  socket.once('close', onClose);
  function close(): void {
    socket.off('close', onClose);
    socket.destroy();
  }
  return { session: null, close };
}
