/**
 * Frames of gRPC, for what is answered without the machinery of a handler.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

import type { Http2ServerRequest } from 'node:http2';

/** Flag of compression, and the length of the message. */
const FRAME_HEAD = 5;

export function toFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The one message of a body; null where there is another number of them, or a compressed one. */
export function readFrame(body: Buffer): Uint8Array | null {
  if (body.length < FRAME_HEAD || body[0] !== 0 || body.readUInt32BE(1) !== body.length - FRAME_HEAD) return null;
  return body.subarray(FRAME_HEAD);
}

/** What the handler would answer in the same way, but for compression. */
export function isPlain({ headers }: Http2ServerRequest): boolean {
  const type = headers['content-type'];
  const encoding = headers['grpc-encoding'] ?? 'identity';
  const isGrpc = type === 'application/grpc' || type === 'application/grpc+proto';
  return isGrpc && encoding === 'identity' && headers['grpc-timeout'] === undefined;
}

/**
 * Reads a bit more than the bound at most: the handler refuses what is longer. Null where the
 * client has gone.
 */
export function readBody(request: Http2ServerRequest, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) resolve(Buffer.concat(chunks));
    });
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)));
    for (const gone of ['error', 'aborted', 'close']) request.once(gone, () => resolve(null));
  });
}
