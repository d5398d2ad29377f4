/**
 * FaultyTarget: serves TCP on loopback and treats each connection as one kind of broken target
 * would. It stands in for pods that a prober must survive.
 *
 * Guarantees: `close` cuts every connection and stops whatever still sends.
 */

import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface FaultyTarget {
  readonly port: number;
  /** Bytes that the clients have sent, one text a connection. */
  readonly received: readonly string[];
  /** Bytes that have been handed to the network, over all connections. */
  sentBytes(): number;
  connections(): number;
  close(): Promise<void>;
}

type Treat = (socket: Socket, untilClosed: AbortSignal) => void;

const RESPONSE = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';

/** Sends the piece again and again, as fast as the client takes it. */
function pour(socket: Socket, piece: Buffer, untilClosed: AbortSignal): void {
  const go = (): void => {
    while (!untilClosed.aborted && !socket.destroyed) if (!socket.write(piece)) break;
  };
  socket.on('drain', go);
  go();
}

/** One byte at a time, for as long as the client waits. */
function drip(socket: Socket, text: string, untilClosed: AbortSignal): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || sent >= text.length) clearInterval(timer);
    else socket.write(text[sent++] ?? '');
  }, 2);
  untilClosed.addEventListener('abort', () => clearInterval(timer));
}

const afterRequest =
  (answer: (socket: Socket, untilClosed: AbortSignal) => void): Treat =>
  (socket, untilClosed) => {
    socket.once('data', () => answer(socket, untilClosed));
  };

export const faults = {
  acceptsAndSaysNothing: () => {},
  closesAtOnce: (socket) => socket.end(),
  closesAfterTheRequest: afterRequest((socket) => socket.end()),
  closesInTheStatusLine: afterRequest((socket) => socket.end('HTTP/1.1 2')),
  resets: afterRequest((socket) => socket.resetAndDestroy()),
  dripsTheStatusLine: afterRequest((socket, closed) => drip(socket, `HTTP/1.1 200 ${'O'.repeat(9_999)}`, closed)),
  dripsHeaders: afterRequest((socket, closed) => {
    socket.write(RESPONSE);
    drip(socket, `x-slow: ${'y'.repeat(9_999)}`, closed);
  }),
  sendsAnEndlessBody: afterRequest((socket, closed) => {
    socket.write(`${RESPONSE}\r\n`);
    pour(socket, Buffer.alloc(64 * 1024, 'x'), closed);
  }),
  sendsAnEndlessLine: afterRequest((socket, closed) =>
    pour(socket, Buffer.from('HTTP/1.1 200 '.repeat(5_000)), closed),
  ),
  sendsAGzipBomb: afterRequest((socket) => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
    socket.write(`${RESPONSE}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
    socket.end(bomb);
  }),
  redirectsToTheMetadataService: afterRequest((socket) =>
    socket.end('HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/\r\ncontent-length: 0\r\n\r\n'),
  ),
  speaksHttp09: afterRequest((socket) => socket.end('<html>hello</html>')),
  speaksSsh: (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
  sendsHeadersWithoutAStatusLine: afterRequest((socket) => socket.end('content-length: 0\r\n\r\n')),
  saysContinueFirst: afterRequest((socket) =>
    socket.end('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'),
  ),
} as const satisfies Readonly<Record<string, Treat>>;

export async function startFaultyTarget(treat: Treat): Promise<FaultyTarget> {
  const received: string[] = [];
  const server = createServer((socket) => {
    const index = received.push('') - 1;
    socket.on('data', (bytes: Buffer) => {
      received[index] += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    treat(socket, closed.signal);
  });
  const closed = new AbortController();
  return listen(server, closed, received);
}

export interface GrpcAnswer {
  readonly status?: number;
  /** Null where no body is sent. */
  readonly body?: Buffer | null;
  /** Null where the stream ends without trailers. */
  readonly trailers?: Readonly<Record<string, string>> | null;
}

/** A server of HTTP/2 that answers each stream as told. */
export async function startHttp2Target(treat: (stream: ServerHttp2Stream) => void): Promise<FaultyTarget> {
  const received: string[] = [];
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    const index = received.push(`${headers[':method']} ${headers[':path']}\n`) - 1;
    stream.on('data', (bytes: Buffer) => {
      received[index] += bytes.toString('latin1');
    });
    stream.on('error', () => {});
    treat(stream);
  });
  server.on('sessionError', () => {});
  return listen(server, new AbortController(), received);
}

export function answersGrpc({ status = 200, body = null, trailers = null }: GrpcAnswer) {
  return (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': status, 'content-type': 'application/grpc' }, { waitForTrailers: trailers !== null });
    if (trailers !== null) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body ?? undefined);
  };
}

async function listen(
  server: Server | Http2Server,
  closed: AbortController,
  received: readonly string[],
): Promise<FaultyTarget> {
  const sockets = new Set<Socket>();
  let sent = 0;
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('close', () => {
      sent += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    received,
    sentBytes: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, sent),
    connections: () => count,
    async close() {
      closed.abort();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
