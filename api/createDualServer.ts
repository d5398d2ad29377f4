/**
 * createDualServer: serves HTTP/1.1 and HTTP/2 on one port, in clear text and over TLS.
 *
 * Over TLS the client chooses (ALPN). In clear text the first bytes say it: only HTTP/2 begins with
 * `PRI`, which is a method of no HTTP/1.1 request.
 *
 * Guarantees: a connection that sends nothing for 10 s is closed, and one of HTTP/2 that leaves a
 * ping without an answer for 15 s. `stop` lets streams end for a second.
 * Source: RFC 9113 section 3.4 (connection preface).
 */

import { createServer, type RequestListener, type Server } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { HeartbeatWheel } from './heartbeatWheel.ts';

export interface DualServer {
  /** Listens. Over TLS it is a server of HTTP/2 that takes HTTP/1.1 too. */
  readonly server: Server;
  /** Sends clients away, and closes what is left after a second. */
  stop(): Promise<void>;
}

interface Options {
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** For a request to arrive whole. */
  readonly receiveTimeoutMs: number;
  /** Pings each connection of HTTP/2. */
  readonly wheel: HeartbeatWheel;
  /**
   * True takes a stream of HTTP/2 before a request is made of it, which holds more memory than the
   * stream does. `asRequest` makes it one after all.
   */
  takeStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, asRequest: () => void): boolean;
}

const PREFACE = 'PRI';
/** Of one connection: a sidecar may send all requests of its node over one. */
const MAX_STREAMS = 10_000;
const GRACE_MS = 1_000;
/** Longer than the 60 s of most proxies, so that they close first. */
const KEEP_ALIVE_MS = 72_000;

const ignore = (): void => {};

export function createDualServer(options: Options, handler: RequestListener): DualServer {
  const { tls, receiveTimeoutMs, wheel, takeStream } = options;
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  const http1 = {
    requestTimeout: receiveTimeoutMs,
    headersTimeout: receiveTimeoutMs,
    connectionsCheckingInterval: receiveTimeoutMs / 5,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const http2 = { settings: { maxConcurrentStreams: MAX_STREAMS }, peerMaxConcurrentStreams: MAX_STREAMS };

  function follow(server: Pick<Http2Server, 'on' | 'listeners' | 'removeAllListeners'>): void {
    const [toRequest] = server.listeners('stream');
    server.removeAllListeners('stream');
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
      // An error of one stream ends that stream alone.
      stream.on('error', ignore);
      const asRequest = (): void => {
        // Node answers `Expect: 100-continue` by itself, and throws where the client has gone.
        if (!stream.destroyed && !stream.closed) toRequest?.call(server, stream, headers, ...rest);
      };
      if (!takeStream(stream, headers, asRequest)) asRequest();
    });
    server.on('session', (session: ServerHttp2Session) => {
      sessions.add(session);
      const stopPinging = ping(session, wheel);
      // An error of one connection ends that connection alone.
      session.on('error', ignore);
      session.once('close', () => {
        stopPinging();
        sessions.delete(session);
      });
    });
  }

  const server = tls === undefined ? inClear() : overTls(tls);
  // Before TLS, so that a handshake that does not end is closed too.
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    server,
    async stop() {
      const open = [...sessions].map(
        (session) => new Promise<void>((resolve) => session.once('close', () => resolve()).close()),
      );
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, GRACE_MS);
      await Promise.all(open);
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };

  function overTls({ cert, key }: { readonly cert: Buffer; readonly key: Buffer }): Server {
    const secure = createSecureServer({
      ...http1,
      ...http2,
      cert,
      key,
      allowHTTP1: true,
      handshakeTimeout: receiveTimeoutMs,
    });
    // Both kinds of requests have what Fastify and Connect read of them.
    secure.on('request', handler as never);
    follow(secure);
    return secure as unknown as Server;
  }

  function inClear(): Server {
    const first = createServer(http1, handler);
    const second = createHttp2Server(http2, handler as never);
    follow(second);
    const [serveHttp1] = first.listeners('connection');
    first.removeAllListeners('connection');
    first.on('connection', (socket: Socket) => {
      readPreface(socket, receiveTimeoutMs, (isHttp2) => {
        if (!isHttp2) {
          serveHttp1?.call(first, socket);
          return;
        }
        // A server of HTTP/1.1 accepts sockets that stay open after the client has closed its end.
        // The session of HTTP/2 would hear of no end, and what the client followed would stay.
        socket.allowHalfOpen = false;
        second.emit('connection', socket);
      });
    });
    return first;
  }
}

/** Gives back what it has read, so that the parser sees it too. */
function readPreface(socket: Socket, withinMs: number, serve: (isHttp2: boolean) => void): void {
  const timer = setTimeout(() => socket.destroy(), withinMs);
  const forget = (): void => clearTimeout(timer);
  socket.once('close', forget);
  socket.on('error', ignore);
  const look = (): void => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) {
      socket.once('readable', look);
      return;
    }
    socket.unshift(bytes);
    const begin = bytes.toString('latin1', 0, PREFACE.length);
    if (begin.length < PREFACE.length && PREFACE.startsWith(begin)) {
      // Not before more has come: what was given back is readable at once.
      setTimeout(() => socket.once('readable', look), 1);
      return;
    }
    forget();
    socket.off('close', forget);
    socket.off('error', ignore);
    serve(begin === PREFACE);
  };
  socket.once('readable', look);
}

function ping(session: ServerHttp2Session, wheel: HeartbeatWheel): () => void {
  let isWaiting = false;
  const onAnswer = (): void => {
    isWaiting = false;
  };
  return wheel.add({
    beat() {
      if (isWaiting || session.destroyed) {
        session.destroy();
        return;
      }
      isWaiting = true;
      session.ping(onAnswer);
    },
  });
}
