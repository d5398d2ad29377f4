/**
 * Frames of gRPC, for what is answered without the machinery of a handler.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Caller } from '../auth/guard.ts';

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
export function isPlain(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type'];
  const encoding = headers['grpc-encoding'] ?? 'identity';
  const isGrpc = type === 'application/grpc' || type === 'application/grpc+proto';
  const isAsked = headers[':method'] === 'POST' && headers.expect === undefined;
  return isGrpc && isAsked && encoding === 'identity';
}

/**
 * Reads a bit more than the bound at most: the handler refuses what is longer. Null where the
 * client has gone.
 */
export function readBody(stream: ServerHttp2Stream, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) onEnd();
    };
    const onEnd = (): void => settle(chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks));
    const onGone = (): void => settle(null);
    // A stream may stay open for days, and would hold each listener that stays.
    const settle = (body: Buffer | null): void => {
      stream.off('data', onData).off('end', onEnd).off('aborted', onGone).off('close', onGone);
      resolve(body);
    };
    stream.on('data', onData).on('end', onEnd).on('aborted', onGone).on('close', onGone);
  });
}

/** Answers one body. Null where a handler has to. */
export type FrameAnswer = (body: Buffer, caller: Caller) => Promise<((stream: ServerHttp2Stream) => void) | null>;
